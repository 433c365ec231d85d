import { Link } from "wouter";

import { Button } from "../elements/Button";
import { Empty } from "../elements/Empty";
import { Trouble } from "../elements/ErrorBox";
import { Loading } from "../elements/Page";
import { LongName } from "../elements/Tag";
import { Elapsed, Time } from "../elements/Time";
import type { RunFilter } from "../gql/graphql";
import { RunTag } from "./RunTag";
import type { Run } from "./merging";
import { useRuns } from "./useRuns";
import { useWaiting, type Waiting } from "./useWaiting";
import { waitWords } from "./Waits";

interface RunListProps {
  filter: RunFilter;
  /** What to do where there is none. */
  empty: string;
  /** The tick whose runs are marked, and what is told of the tick of a run that is pointed at. */
  pointed?: string | null;
  onPoint?: (tick: string | null) => void;
}

export function shortId(id: string): string {
  return id.slice(-8);
}

/** Runs, the latest first, live. */
export function RunList({ filter, empty, pointed = null, onPoint }: RunListProps) {
  const { runs, isFirst, isLast, isLoading, trouble, newer, older, again } = useRuns(filter);
  const waiting = useWaiting(runs.filter(({ status }) => status === "QUEUED").map(({ id }) => id));
  if (trouble) return <Trouble message={trouble} onRetry={again} />;
  if (isLoading) return <Loading />;
  if (runs.length === 0) return <Empty title="No runs">{empty}</Empty>;
  return (
    <section className="stack" aria-label="Runs">
      <div className="panel scroll-x" tabIndex={0} role="region" aria-label="Table of runs">
        <table className="table">
          <thead>
            <tr>
              <th>Run</th>
              <th>Status</th>
              <th>Job</th>
              <th>Run key</th>
              <th>Asked for by</th>
              <th>Queued</th>
              <th>Took</th>
            </tr>
          </thead>
          <tbody>
            {runs.map((run) => (
              <RunLine key={run.id} run={run} waiting={waiting.get(run.id)} isPointed={pointed !== null && run.tick?.id === pointed} onPoint={onPoint} />
            ))}
          </tbody>
        </table>
      </div>
      {!(isFirst && isLast) && (
        <div className="row">
          <Button small disabled={isFirst} onClick={newer}>
            Newer
          </Button>
          <Button small disabled={isLast} onClick={older}>
            Older
          </Button>
        </div>
      )}
    </section>
  );
}

export function sensorOf(sensor: { name: string; codeLocation: { name: string } }): string {
  return `/sensors/${encodeURIComponent(sensor.codeLocation.name)}/${encodeURIComponent(sensor.name)}`;
}

interface RunLineProps {
  run: Run;
  waiting: Waiting | undefined;
  isPointed: boolean;
  onPoint: ((tick: string | null) => void) | undefined;
}

function RunLine({ run, waiting, isPointed, onPoint }: RunLineProps) {
  return (
    <tr
      className={isPointed ? "pointed" : undefined}
      onPointerEnter={() => onPoint?.(run.tick?.id ?? null)}
      onPointerLeave={() => onPoint?.(null)}
    >
      <td>
        <Link href={`/runs/${run.id}`} className="mono">
          {shortId(run.id)}
        </Link>
      </td>
      <td>
        <RunTag status={run.status} />
      </td>
      <td>
        {run.job ? (
          <Link href={`/jobs/${encodeURIComponent(run.job.codeLocation.name)}/${encodeURIComponent(run.jobName)}`}>
            <LongName name={run.jobName} />
          </Link>
        ) : (
          <LongName name={run.jobName} />
        )}
      </td>
      <td className="mono">
        <span className="clip run-key">{run.runKey ?? ""}</span>
        {run.partitionKey !== null && <span className="faint"> {run.partitionKey}</span>}
      </td>
      <td>
        {run.sensor ? (
          <>
            <Link href={sensorOf(run.sensor)}>
              <LongName name={run.sensor.name} />
            </Link>
            {run.tick && (
              <Link href={`${sensorOf(run.sensor)}?tick=${run.tick.id}`} className="faint number">
                {" "}
                #{run.tick.number}
              </Link>
            )}
          </>
        ) : (
          <span className="faint">by hand</span>
        )}
      </td>
      <td>
        <Time at={run.queuedAt} />
      </td>
      <td>
        {run.startedAt ? (
          <Elapsed from={run.startedAt} to={run.finishedAt} />
        ) : run.status === "QUEUED" && waiting ? (
          <span className="clip soft wait-clip" title={waitWords(waiting)}>
            {waiting.queuePosition !== null && `Place ${waiting.queuePosition}. `}
            {waitWords(waiting)}
          </span>
        ) : (
          <span className="faint">–</span>
        )}
      </td>
    </tr>
  );
}
