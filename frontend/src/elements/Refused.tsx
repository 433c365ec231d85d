import { cloneElement, type ReactElement, useId } from "react";

import { Tooltip } from "./Tooltip";

/** Says why an element does nothing: to a pointer and the keyboard's focus as a tooltip, to screen readers always. */
export function Refused({ reason, children }: { reason: string; children: ReactElement<Record<string, unknown>> }) {
  const id = useId();
  return (
    <>
      <Tooltip text={reason}>{cloneElement(children, { "aria-describedby": id })}</Tooltip>
      <span id={id} hidden>
        {reason}
      </span>
    </>
  );
}
