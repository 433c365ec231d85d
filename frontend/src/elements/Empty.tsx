import type { ReactNode } from "react";

import { CopyButton } from "./CopyButton";

interface EmptyProps {
  title: string;
  children?: ReactNode;
  /** What to type next. */
  code?: string;
  /** Whether there is nothing else on the page. */
  page?: boolean;
}

/** What to show where there is nothing: what that means, and what to do next. */
export function Empty({ title, children, code, page }: EmptyProps) {
  return (
    <div className="empty">
      {page ? <h1>{title}</h1> : <h2>{title}</h2>}
      {children && <p>{children}</p>}
      {code && (
        <div className="row">
          <pre>{code}</pre>
          <CopyButton text={code} />
        </div>
      )}
    </div>
  );
}
