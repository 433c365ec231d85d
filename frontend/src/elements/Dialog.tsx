import { Dialog as Primitive } from "@base-ui/react/dialog";
import type { ReactNode } from "react";

import { IconButton } from "./Button";

interface DialogProps {
  title: ReactNode;
  open: boolean;
  onClose: () => void;
  children: ReactNode;
  footer?: ReactNode;
  size?: "narrow" | "wide";
}

/** A window over the page; Escape and a click beside it close it. */
export function Dialog({ title, open, onClose, children, footer, size }: DialogProps) {
  return (
    <Primitive.Root open={open} onOpenChange={(isOpen) => !isOpen && onClose()}>
      <Primitive.Portal>
        <Primitive.Backdrop className="backdrop" />
        <Primitive.Popup className={`dialog ${size ?? ""}`}>
          <header>
            <Primitive.Title className="clip">{title}</Primitive.Title>
            <span className="push" />
            <Primitive.Close render={<IconButton icon="close" label="Close" />} />
          </header>
          <div className="dialog-body">{children}</div>
          {footer && <footer>{footer}</footer>}
        </Primitive.Popup>
      </Primitive.Portal>
    </Primitive.Root>
  );
}
