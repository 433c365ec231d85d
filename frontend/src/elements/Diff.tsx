import { diffLines } from "diff";

import { pretty } from "./Block";

interface DiffProps {
  before: string | null;
  after: string | null;
  label?: string;
}

/** What changed from one text to the next, line by line; JSON is broken into lines first. */
export function Diff({ before, after, label = "Change of the cursor" }: DiffProps) {
  const parts = diffLines(lines(before), lines(after));
  return (
    <div className="block diff">
      <pre tabIndex={0} role="region" aria-label={label}>
        {parts.map((part, index) => {
          const [kind, mark] = part.added ? ["add", "+ "] : part.removed ? ["remove", "− "] : ["keep", "  "];
          return (
            // the parts never move
            <span key={index} className={kind}>
              {part.value
                .replace(/\n$/, "")
                .split("\n")
                .map((line) => `${mark}${line}`)
                .join("\n")}
            </span>
          );
        })}
      </pre>
    </div>
  );
}

function lines(text: string | null): string {
  return text === null ? "(none)\n" : `${pretty(text)}\n`;
}
