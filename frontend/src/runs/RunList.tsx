import { Link } from "wouter";

import { Button } from "../elements/Button";
import { Empty } from "../elements/Empty";
import { Trouble } from "../elements/ErrorBox";
import { Loading } from "../elements/Page";
import { Elapsed, Time } from "../elements/Time";
import type { RunFilter } from "../gql/graphql";
import { RunTag } from "./RunTag";
import type { Run } from "./merging";
import { useRuns } from "./useRuns";

interface RunListProps {
  filter: RunFilter;
  /** What to do where there is none. */
  empty: string;
}

export function shortId(id: string): string {
  return id.slice(-8);
}

/** Runs, the latest first, live. */
export function RunList({ filter, empty }: RunListProps) {
  const { runs, isFirst, isLast, isLoading, trouble, newer, older, again } = useRuns(filter);
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
              <RunLine key={run.id} run={run} />
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

function RunLine({ run }: { run: Run }) {
  return (
    <tr>
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
            {run.jobName}
          </Link>
        ) : (
          run.jobName
        )}
      </td>
      <td className="mono">
        <span className="clip run-key">{run.runKey ?? ""}</span>
        {run.partitionKey !== null && <span className="faint"> {run.partitionKey}</span>}
      </td>
      <td>
        {run.sensor ? (
          <Link
            href={`/sensors/${encodeURIComponent(run.sensor.codeLocation.name)}/${encodeURIComponent(run.sensor.name)}`}
          >
            {run.sensor.name}
          </Link>
        ) : (
          <span className="faint">by hand</span>
        )}
      </td>
      <td>
        <Time at={run.queuedAt} />
      </td>
      <td>{run.startedAt ? <Elapsed from={run.startedAt} to={run.finishedAt} /> : <span className="faint">–</span>}</td>
    </tr>
  );
}
