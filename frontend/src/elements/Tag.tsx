import type { ReactNode } from "react";

export type Tone = "good" | "bad" | "warn" | "busy" | "idle";

/** A status: a colour, a shape and a word. */
export function Tag({ tone, plain, children }: { tone: Tone; plain?: boolean; children: ReactNode }) {
  return (
    <span className={`tag ${tone}${plain ? " plain" : ""}`}>
      <span className="clip">{children}</span>
    </span>
  );
}

/** A name that may be longer than a table has room for; all of it on hover. */
export function LongName({ name }: { name: string }) {
  return (
    <span className="clip long-name" title={name}>
      {name}
    </span>
  );
}

/** Pairs of text that mark a thing. */
export function KeyValues({ tags }: { tags: readonly { key: string; value: string }[] }) {
  if (tags.length === 0) return <span className="faint">none</span>;
  return (
    <span className="row wrap" style={{ gap: 4 }}>
      {tags.map(({ key, value }) => (
        <span key={key} className="keyvalue" title={`${key}: ${value}`}>
          <span>{key}</span>
          <span>{value}</span>
        </span>
      ))}
    </span>
  );
}
