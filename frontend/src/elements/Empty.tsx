import type { ReactNode } from "react";

import { CopyButton } from "./CopyButton";

/** What to show where there is nothing: what that means, and what to do next. */
export function Empty({ title, children, code }: { title: string; children?: ReactNode; code?: string }) {
  return (
    <div className="empty">
      <h2>{title}</h2>
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
