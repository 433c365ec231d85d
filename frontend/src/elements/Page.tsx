import { type ReactNode, useEffect } from "react";
import { Link } from "wouter";

/** What the browser's tab is called. */
export function useTitle(title: string) {
  useEffect(() => {
    document.title = `${title} · Vedette`;
  }, [title]);
}

interface HeadProps {
  title: string;
  /** Where this page hangs: names and addresses, the outermost first. */
  within?: readonly (readonly [string, string])[];
  marks?: ReactNode;
  children?: ReactNode;
}

/** The head of a page: where one is, what it is called, and what can be done. */
export function Head({ title, within = [], marks, children }: HeadProps) {
  useTitle(title);
  return (
    <header className="stack tight">
      {within.length > 0 && (
        <nav className="crumbs" aria-label="Breadcrumb">
          {within.map(([name, address], index) => (
            <span key={address} className="row" style={{ gap: 6 }}>
              {index > 0 && <span aria-hidden="true">/</span>}
              <Link href={address}>{name}</Link>
            </span>
          ))}
        </nav>
      )}
      <div className="row wrap">
        <h1 className="clip">{title}</h1>
        {marks}
        <span className="row wrap push">{children}</span>
      </div>
    </header>
  );
}

/** What to show while the first answer is on its way. */
export function Loading() {
  return (
    <p className="empty" role="status">
      Loading …
    </p>
  );
}
