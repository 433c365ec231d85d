import { useState } from "react";
import { Link, useLocation } from "wouter";

import { useMay } from "../access/viewer";
import { messageOf, mutate } from "../api/mutate";
import { Json } from "../elements/Block";
import { Button } from "../elements/Button";
import { CopyButton } from "../elements/CopyButton";
import { Empty } from "../elements/Empty";
import { ErrorBox, Trouble } from "../elements/ErrorBox";
import { LogView } from "../elements/LogView";
import { Head, Loading } from "../elements/Page";
import { KeyValues } from "../elements/Tag";
import { Elapsed, Time } from "../elements/Time";
import { complain, say } from "../elements/toasts";
import { graphql } from "../gql";
import { Gantt } from "./Gantt";
import { sensorOf, shortId } from "./RunList";
import { RunTag } from "./RunTag";
import { type RunDetails, useRun } from "./useRun";
import { useWaiting } from "./useWaiting";
import { Waits } from "./Waits";

import "./runs.css";

const Cancel = graphql(`
  mutation CancelRun($input: CancelRunInput!) {
    cancelRun(input: $input) { run { id status } errors { __typename message path } }
  }
`);
const Rerun = graphql(`
  mutation Rerun($input: RerunInput!) {
    rerun(input: $input) { run { id } errors { __typename message path } }
  }
`);

// Tags that say what other facts say.
const TOLD = new Set(["vedette/run_key", "vedette/sensor_name", "vedette/tick"]);

/** One run: its steps over time, what happens in it as it happens, and what it was asked with. */
export default function RunPage({ id }: { id: string }) {
  const { run, lines, isLoading, hasEnded, trouble } = useRun(id);
  if (isLoading) return <Loading />;
  if (!run && trouble) {
    return (
      <div className="page">
        <Trouble message={trouble} />
      </div>
    );
  }
  if (!run)
    return (
      <Empty page title="There is no such run">
        It may be older than runs are kept; the list has those that are.
      </Empty>
    );
  return (
    <div className="page run-page">
      <Head
        title={`Run ${shortId(run.id)} of ${run.jobName}`}
        within={[["Runs", "/runs"]]}
        marks={
          <>
            <RunTag status={run.status} />
            <CopyButton text={run.id} label="Copy id" />
          </>
        }
      >
        <Actions run={run} />
      </Head>
      {trouble && <Trouble message={trouble} />}
      {run.error && <ErrorBox error={run.error} />}
      <div className="run-parts">
        <div className="stack run-side">
          <Facts run={run} />
          {run.steps.length > 0 && (
            <section className="panel" aria-label="Steps">
              <header>
                <h2>Steps</h2>
              </header>
              <Gantt run={run} />
            </section>
          )}
        </div>
        <div className="panel run-log">
          <LogView label="Log" lines={lines} isLive={!hasEnded} empty="Nothing has happened yet." />
        </div>
      </div>
    </div>
  );
}

function Actions({ run }: { run: RunDetails }) {
  const [, go] = useLocation();
  const [isBusy, setBusy] = useState(false);
  const [mayNotCancel, mayNotRepeat] = [useMay("cancelRun"), useMay("rerun")];
  const act = async (what: () => Promise<void>, refused: string) => {
    setBusy(true);
    try {
      await what();
    } catch (error) {
      complain(refused, messageOf(error));
    }
    setBusy(false);
  };
  const cancel = async (force: boolean) => {
    await mutate(Cancel, { runId: run.id, force });
    say(force ? "The run's process is killed" : "The run is being stopped");
  };
  const again = async (fromFailure: boolean) => {
    const { run: next } = await mutate(Rerun, { runId: run.id, fromFailure });
    if (next) go(`/runs/${next.id}`);
  };
  if (run.canCancel) {
    return (
      <>
        <Button
          look="danger"
          disabled={isBusy}
          refused={mayNotCancel}
          onClick={() => act(() => cancel(false), "The run was not canceled")}
        >
          Cancel
        </Button>
        {run.status === "CANCELING" && (
          <Button
            look="danger"
            disabled={isBusy}
            refused={mayNotCancel}
            onClick={() => act(() => cancel(true), "The run was not killed")}
          >
            Kill
          </Button>
        )}
      </>
    );
  }
  if (run.finishedAt === null) return null;
  return (
    <>
      <Button
        icon="refresh"
        disabled={isBusy}
        refused={mayNotRepeat}
        onClick={() => act(() => again(false), "The run was not repeated")}
      >
        Run again
      </Button>
      {run.status !== "SUCCESS" && (
        <Button
          disabled={isBusy}
          refused={mayNotRepeat}
          onClick={() => act(() => again(true), "The run was not repeated")}
        >
          Run again from failure
        </Button>
      )}
    </>
  );
}

function Facts({ run }: { run: RunDetails }) {
  const location = run.job?.codeLocation.name ?? "";
  return (
    <section className="panel panel-body" aria-label="Facts">
      <dl className="facts">
        <dt>Job</dt>
        <dd>
          {run.job ? (
            <Link href={`/jobs/${encodeURIComponent(location)}/${encodeURIComponent(run.jobName)}`}>{run.jobName}</Link>
          ) : (
            run.jobName
          )}
        </dd>
        {run.sensor && (
          <>
            <dt>Sensor</dt>
            <dd>
              <Link href={sensorOf(run.sensor)}>{run.sensor.name}</Link>
              {run.tick && (
                <>
                  {", "}
                  <Link href={`${sensorOf(run.sensor)}?tick=${run.tick.id}`}>tick #{run.tick.number}</Link>
                </>
              )}
            </dd>
          </>
        )}
        {run.rerunOf && (
          <>
            <dt>Repeats</dt>
            <dd>
              <Link href={`/runs/${run.rerunOf.id}`}>run {shortId(run.rerunOf.id)}</Link>
            </dd>
          </>
        )}
        {run.runKey !== null && (
          <>
            <dt>Run key</dt>
            <dd className="mono">{run.runKey}</dd>
          </>
        )}
        {run.partitionKey !== null && (
          <>
            <dt>Partition</dt>
            <dd className="mono">{run.partitionKey}</dd>
          </>
        )}
        {run.assetSelection && (
          <>
            <dt>Assets</dt>
            <dd className="row wrap">
              {run.assetSelection.map((key) => (
                <Link key={key.join("/")} href={`/assets/${key.map(encodeURIComponent).join("/")}`}>
                  {key.join("/")}
                </Link>
              ))}
            </dd>
          </>
        )}
        <ReactedTo run={run} />
        <dt>Queued</dt>
        <dd>
          <Time at={run.queuedAt} />
        </dd>
        {run.status === "QUEUED" && <InQueue id={run.id} />}
        <dt>Started</dt>
        <dd>
          {run.startedAt ? <Time at={run.startedAt} /> : <span className="faint">not yet</span>}
          {run.attempt > 1 && ` (attempt ${run.attempt})`}
        </dd>
        <dt>Took</dt>
        <dd>
          <Elapsed from={run.startedAt} to={run.finishedAt} />
        </dd>
        <dt>Tags</dt>
        <dd>
          <KeyValues tags={run.tags.filter(({ key }) => !TOLD.has(key))} />
        </dd>
        <dt>Config</dt>
        <dd>
          <details>
            <summary>Show</summary>
            <Json value={run.runConfig} label="Run config" />
          </details>
        </dd>
      </dl>
    </section>
  );
}

/** Where a run stands in the queue, and what it waits for. */
function InQueue({ id }: { id: string }) {
  const waiting = useWaiting([id]).get(id);
  if (!waiting || waiting.queuePosition === null) return null;
  return (
    <>
      <dt>In the queue</dt>
      <dd className="number">
        place {waiting.queuePosition}, priority {waiting.priority}
      </dd>
      <dt>Waits for</dt>
      <dd>
        <Waits waiting={waiting} />
      </dd>
    </>
  );
}

/** The sensors that watch runs and saw this one: each with the tick in which it did. */
function ReactedTo({ run }: { run: RunDetails }) {
  const ticks = run.reactions.edges.flatMap(({ node }) => (node.tick ? [node.tick] : []));
  if (ticks.length === 0) return null;
  return (
    <>
      <dt>Seen by</dt>
      <dd>
        {[...new Map(ticks.map((tick) => [tick.id, tick])).values()].map((tick) => (
          <div key={tick.id}>
            <Link href={`${sensorOf(tick.sensor)}?tick=${tick.id}`}>
              {tick.sensor.name}, tick #{tick.number}
            </Link>
          </div>
        ))}
      </dd>
    </>
  );
}
