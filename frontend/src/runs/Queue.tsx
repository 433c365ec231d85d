import { useEffect } from "react";
import { useQuery } from "urql";
import { Link } from "wouter";

import { messageOf } from "../api/mutate";
import { Trouble } from "../elements/ErrorBox";
import { LongName } from "../elements/Tag";
import { Distance, Time } from "../elements/Time";
import { graphql, read } from "../gql";
import type { LimitLineFragment, QueueLineFragment } from "../gql/graphql";
import { shortId } from "./RunList";
import { RunWaiting } from "./useWaiting";
import { waitWords } from "./Waits";

import "./runs.css";

const QueueLine = graphql(`
  fragment QueueLine on Run {
    id jobName priority queuedAt queuePosition
    sensor { id name }
    ...RunWaiting
  }
`);
const LimitLine = graphql(`
  fragment LimitLine on RunLimit {
    id description maxConcurrentRuns maxConcurrentRunsInCode runningRuns setAt setBy
  }
`);
const Query = graphql(`
  query QueueOfRuns($first: Int!) {
    queue(first: $first) { edges { node { id ...QueueLine } } }
    runLimits(first: 100) { edges { node { id ...LimitLine } } }
  }
`);

const SHOWN = 25;

/** What waits to be executed, in order and with the reasons, and the limits that hold it up. */
export function Queue({ queued, version }: { queued: number; version: string }) {
  const [{ data, error }, again] = useQuery({ query: Query, variables: { first: SHOWN }, requestPolicy: "network-only" });
  useEffect(() => {
    again();
    // eslint-disable-next-line react-hooks/exhaustive-deps -- read again as the queue moves
  }, [version]);
  if (!data) return error ? <Trouble message={messageOf(error)} onRetry={again} /> : null;
  const runs = data.queue.edges.map(({ node }) => read(QueueLine, node));
  const limits = data.runLimits.edges.map(({ node }) => read(LimitLine, node));
  return (
    <>
      <section className="panel" aria-label="Queue">
        <header>
          <h2>Queue</h2>
          <span className="faint number">{queued.toLocaleString()}</span>
        </header>
        {runs.length === 0 ? (
          <p className="panel-body soft">No run waits: each starts as soon as it is asked for.</p>
        ) : (
          <QueueTable runs={runs} />
        )}
        {queued > runs.length && (
          <p className="panel-body faint">
            These are the first {runs.length}; <Link href="/runs?status=QUEUED">all that wait</Link>.
          </p>
        )}
      </section>
      <section className="panel" aria-label="Limits">
        <header>
          <h2>Limits</h2>
        </header>
        {limits.length === 0 ? (
          <p className="panel-body soft">
            No limit is set: as many runs are executed at once as the launchers have slots.{" "}
            <code>vedette limit set</code> sets one: of all runs, of a job&apos;s, or of those with a tag.
          </p>
        ) : (
          <LimitTable limits={limits} />
        )}
      </section>
    </>
  );
}

function QueueTable({ runs }: { runs: readonly QueueLineFragment[] }) {
  return (
    <div className="scroll-x" tabIndex={0} role="region" aria-label="Table of the queue">
      <table className="table">
        <thead>
          <tr>
            <th>Place</th>
            <th>Run</th>
            <th>Job</th>
            <th>Priority</th>
            <th>Asked for by</th>
            <th>Queued</th>
            <th>Waits for</th>
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => (
            <tr key={run.id}>
              <td className="number">{run.queuePosition}</td>
              <td>
                <Link href={`/runs/${run.id}`} className="mono">
                  {shortId(run.id)}
                </Link>
              </td>
              <td>
                <LongName name={run.jobName} />
              </td>
              <td className="number">{run.priority}</td>
              <td>{run.sensor?.name ?? <span className="faint">by hand</span>}</td>
              <td>
                <Distance at={run.queuedAt} />
              </td>
              <td className="soft wait-words">{waitWords(read(RunWaiting, run))}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function LimitTable({ limits }: { limits: readonly LimitLineFragment[] }) {
  return (
    <div className="scroll-x" tabIndex={0} role="region" aria-label="Table of limits">
      <table className="table">
        <thead>
          <tr>
            <th>Of what</th>
            <th>In use</th>
            <th>Set</th>
          </tr>
        </thead>
        <tbody>
          {limits.map((limit) => {
            const { maxConcurrentRuns: most, runningRuns, setAt, setBy } = limit;
            return (
              <tr key={limit.id}>
                <td>{limit.description}</td>
                <td>
                  <span className="row">
                    <meter
                      min={0}
                      max={Math.max(1, most)}
                      value={Math.min(runningRuns, Math.max(1, most))}
                      aria-label={`In use of ${limit.description}`}
                    />
                    <span className="number">
                      {runningRuns.toLocaleString()} of {most.toLocaleString()}
                    </span>
                  </span>
                </td>
                <td className="soft">
                  {setAt ? (
                    <>
                      <Time at={setAt} /> by {setBy}
                      {limit.maxConcurrentRunsInCode !== null && `; the code says ${limit.maxConcurrentRunsInCode}`}
                    </>
                  ) : (
                    "by the job's code"
                  )}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
