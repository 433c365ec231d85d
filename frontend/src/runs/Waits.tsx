import { Link } from "wouter";

import { CopyButton } from "../elements/CopyButton";
import type { Waiting } from "./useWaiting";

/** Why a run waits, in one line. */
export function waitWords({ waitingFor }: Waiting): string {
  if (!waitingFor) return "";
  return waitingFor.map(({ message }) => message).join(" ") || "It is about to start.";
}

/** Everything that holds a run up, with the runs that it waits for. */
export function Waits({ waiting }: { waiting: Waiting }) {
  const reasons = waiting.waitingFor ?? [];
  if (reasons.length === 0) return <span className="soft">nothing: it is about to start</span>;
  return (
    <ul className="waits">
      {reasons.map((reason) => (
        <li key={reason.message}>
          {reason.message} <CopyButton text={reason.message} />
          {reason.__typename === "LimitReached" && reason.runs.length > 0 && (
            <span className="row wrap">
              {reason.runs.map((run) => (
                <Link key={run.id} href={`/runs/${run.id}`} className="mono">
                  {run.jobName} {run.id.slice(-8)}
                </Link>
              ))}
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}
