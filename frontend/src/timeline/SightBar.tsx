import { Button } from "../elements/Button";
import { LENGTHS } from "./span";
import type { Sight } from "./useSight";

/** The head of a timeline: what it is, what it does, and how much of time it shows. */
export function SightBar({ title, sight, status }: { title: string; sight: Sight; status: string }) {
  const { view } = sight;
  return (
    <header>
      <h2>{title}</h2>
      <span className="faint" role="status">
        {status || (sight.isHeld ? "Held still while you point at it" : "")}
      </span>
      <span className="row push" style={{ gap: 2 }}>
        {!sight.isLive && (
          <Button small onClick={sight.follow}>
            Back to now
          </Button>
        )}
        {LENGTHS.map(([length, name]) => (
          <Button
            key={name}
            small
            look="quiet"
            aria-pressed={view.length === length}
            onClick={() => sight.setLength(length)}
          >
            {name}
          </Button>
        ))}
      </span>
    </header>
  );
}
