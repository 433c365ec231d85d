import { memo, useEffect, useState } from "react";

import { Button } from "../elements/Button";
import { CopyButton } from "../elements/CopyButton";
import { Dialog } from "../elements/Dialog";
import { Tag } from "../elements/Tag";
import type { Row } from "./board";
import { type Change, changeMany } from "./mutations";

// Sent together: few enough for each to be over in a moment, so that one sees how far it is.
const AT_A_TIME = 250;
const words = {
  start: ["Start", "started"],
  stop: ["Stop", "stopped"],
  reset: ["Reset", "reset"],
} as const;

interface BulkDialogProps {
  what: Change;
  sensors: readonly Row[];
  onClose: () => void;
}

/** Changes many sensors, some hundred at a time, and tells what became of each. */
export function BulkDialog({ what, sensors: chosen, onClose }: BulkDialogProps) {
  // Those that were chosen when it opened: the list behind it goes on changing, as they do.
  const [sensors] = useState(chosen);
  const [results, setResults] = useState<ReadonlyMap<string, string | null>>(new Map());
  const [isGoing, setGoing] = useState(false);
  const [first, done] = words[what];
  useEffect(() => {
    if (!isGoing) return;
    let isWanted = true;
    const work = async () => {
      for (let from = 0; from < sensors.length && isWanted; from += AT_A_TIME) {
        const told = await changeMany(
          what,
          sensors.slice(from, from + AT_A_TIME).map(({ id }) => id),
        );
        setResults((before) => new Map([...before, ...told]));
      }
    };
    void work();
    return () => {
      isWanted = false;
    };
  }, [isGoing, sensors, what]);
  const failed = sensors.filter(({ id }) => results.get(id));
  const report = failed.map(({ id, name }) => `${name}: ${results.get(id)}`).join("\n");
  const isDone = results.size === sensors.length;
  return (
    <Dialog
      open
      onClose={onClose}
      title={`${first} ${sensors.length.toLocaleString()} ${sensors.length === 1 ? "sensor" : "sensors"}`}
      footer={
        isGoing ? (
          <Button onClick={onClose}>{isDone ? "Done" : "Leave the rest"}</Button>
        ) : (
          <>
            <Button onClick={onClose}>Cancel</Button>
            <Button look="primary" onClick={() => setGoing(true)}>
              {first} {sensors.length.toLocaleString()}
            </Button>
          </>
        )
      }
    >
      <div className="stack">
        {isGoing ? (
          <div className="stack tight" role="status">
            <progress value={results.size} max={sensors.length} aria-label="Progress" style={{ width: "100%" }} />
            <p className="row">
              {(results.size - failed.length).toLocaleString()} {done}
              {failed.length > 0 && `, ${failed.length.toLocaleString()} refused`} of {sensors.length.toLocaleString()}
              {failed.length > 0 && <CopyButton text={report} label="Copy what was refused" />}
            </p>
          </div>
        ) : (
          <p className="soft">{explanations[what]}</p>
        )}
        <Results sensors={sensors} results={results} done={done} />
      </div>
    </Dialog>
  );
}

interface ResultsProps {
  sensors: readonly Row[];
  results: ReadonlyMap<string, string | null>;
  done: string;
}

// The list behind the dialog changes many times a second, and each time draws the dialog: not its thousands of lines.
const Results = memo(function Results({ sensors, results, done }: ResultsProps) {
  return (
    <ul className="bulk-results">
      {sensors.map(({ id, name }) => (
        <Result key={id} name={name} problem={results.get(id)} done={done} />
      ))}
    </ul>
  );
});

/** What became of one; `problem` is undefined as long as that is not known, null if all is well. */
const Result = memo(function Result({ name, problem, done }: { name: string; problem?: string | null | undefined; done: string }) {
  return (
    <li className="row">
      <Tag tone={problem === undefined ? "idle" : problem ? "bad" : "good"}>
        {problem === undefined ? "waits" : problem ? "refused" : done}
      </Tag>
      <span className="clip">{name}</span>
      {problem && <span className="soft">{problem}</span>}
    </li>
  );
});

const explanations = {
  start: "They are evaluated from now on; their cursors and all else stay as they are.",
  stop: "They are evaluated no more; their cursors and all else stay as they are.",
  reset: "Each gets the status that its code gives it; their cursors and all else stay as they are.",
} as const;
