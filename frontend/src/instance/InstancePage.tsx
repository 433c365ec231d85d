import { useState } from "react";
import { useQuery } from "urql";

import { useMay } from "../access/viewer";
import { useFollow } from "../api/follow";
import { messageOf, mutate } from "../api/mutate";
import { Button } from "../elements/Button";
import { shownSeconds } from "../elements/durations";
import { Empty } from "../elements/Empty";
import { ErrorBox, Trouble } from "../elements/ErrorBox";
import { Head, Loading } from "../elements/Page";
import { Tag } from "../elements/Tag";
import { Distance, Time } from "../elements/Time";
import { complain, say } from "../elements/toasts";
import { graphql, read } from "../gql";
import { Queue } from "../runs/Queue";
import type { InstanceFactsFragment, InstanceToldSubscription, LocationFactsFragment } from "../gql/graphql";

import "./instance.css";

const InstanceFacts = graphql(`
  fragment InstanceFacts on Instance {
    version database oldestDueSeconds queuedRuns runningRuns
    retention { succeededAt failures trouble error partitionsMade partitionsDropped rowsDropped }
    workers { id role host startedAt lastSeenAt sensorsHeld shardsHeld runsHeld slots healthy tasks }
  }
`);
const LocationFacts = graphql(`
  fragment LocationFacts on CodeLocation {
    id name target version loadedAt
    error { type message stack cause { type message stack } }
  }
`);
const Query = graphql(`
  query InstancePage {
    instance { ...InstanceFacts }
    codeLocations { id ...LocationFacts }
  }
`);
const Told = graphql(`
  subscription InstanceTold {
    instance { ...InstanceFacts codeLocations { id ...LocationFacts } }
  }
`);
const Reload = graphql(`
  mutation ReloadCodeLocation($input: ReloadCodeLocationInput!) {
    reloadCodeLocation(input: $input) {
      codeLocation { id error { type message } }
      errors { __typename message path }
    }
  }
`);

/** The instance: is it well, what does it do, and where is its code from. */
export default function InstancePage() {
  const [{ data, error }, again] = useQuery({ query: Query, requestPolicy: "network-only" });
  const [told, setTold] = useState<InstanceToldSubscription["instance"] | null>(null);
  useFollow(Told, {}, { onItems: (items) => setTold(items.at(-1) ?? null) });
  if (!data) {
    return error ? (
      <div className="page">
        <Trouble message={messageOf(error)} onRetry={again} />
      </div>
    ) : (
      <Loading />
    );
  }
  const instance = read(InstanceFacts, told ?? data.instance);
  const { codeLocations } = told ?? data;
  return (
    <div className="page scrolls">
      <Head
        title="Instance"
        marks={
          <span className="faint">
            Vedette {instance.version} · {instance.database}
          </span>
        }
      />
      {error && <Trouble message={messageOf(error)} onRetry={again} />}
      <Figures instance={instance} />
      <Queue queued={instance.queuedRuns} version={`${instance.queuedRuns} ${instance.runningRuns}`} />
      <Workers workers={instance.workers} />
      <section className="panel" aria-label="Code locations">
        <header>
          <h2>Code locations</h2>
        </header>
        {codeLocations.length === 0 && (
          <Empty title="No code location" code="vedette dev project.py">
            Serve a file or module that defines sensors and jobs.
          </Empty>
        )}
        <ul className="panel-list">
          {codeLocations.map((location) => (
            <Location key={location.id} location={read(LocationFacts, location)} onReloaded={again} />
          ))}
        </ul>
      </section>
      <Retention retention={instance.retention} />
    </div>
  );
}

function Figures({ instance }: { instance: InstanceFactsFragment }) {
  const healthy = instance.workers.filter((worker) => worker.healthy).length;
  const total = (of: (worker: InstanceFactsFragment["workers"][number]) => number | null) =>
    instance.workers.reduce((sum, worker) => sum + (of(worker) ?? 0), 0);
  const figures = [
    ["Most late sensor", instance.oldestDueSeconds < 0.05 ? "on time" : shownSeconds(instance.oldestDueSeconds)],
    ["Sensors looked after", total((worker) => worker.sensorsHeld).toLocaleString()],
    ["Shards held", total((worker) => worker.shardsHeld).toLocaleString()],
    ["Runs queued", instance.queuedRuns.toLocaleString()],
    ["Runs going on", instance.runningRuns.toLocaleString()],
    ["Processes alive", `${healthy} of ${instance.workers.length}`],
  ] as const;
  return (
    <dl className="figures">
      {figures.map(([name, value]) => (
        <div key={name} className="panel">
          <dt>{name}</dt>
          <dd className="number">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function counted(count: number, name: string): string {
  return `${count.toLocaleString()} ${name}${count === 1 ? "" : "s"}`;
}

function heldOf(runs: number, slots: number | null): string {
  return slots === null ? counted(runs, "run") : `${counted(runs, "run")} of ${counted(slots, "slot")}`;
}

const roles = { SERVE: "Serves the API", EVALUATE: "Evaluates sensors", LAUNCH: "Executes runs" } as const;

function Workers({ workers }: { workers: InstanceFactsFragment["workers"] }) {
  return (
    <section className="panel" aria-label="Processes">
      <header>
        <h2>Processes</h2>
      </header>
      <div className="scroll-x" tabIndex={0} role="region" aria-label="Table of processes">
        <table className="table">
          <thead>
            <tr>
              <th>Role</th>
              <th>Health</th>
              <th>Host</th>
              <th>Holds</th>
              <th>Tasks</th>
              <th>Started</th>
              <th>Last seen</th>
            </tr>
          </thead>
          <tbody>
            {workers.map((worker) => (
              <tr key={worker.id}>
                <td>{roles[worker.role]}</td>
                <td>
                  <Tag tone={worker.healthy ? "good" : "bad"}>{worker.healthy ? "alive" : "silent"}</Tag>
                </td>
                <td className="mono">{worker.host}</td>
                <td className="number">
                  {worker.sensorsHeld !== null &&
                    `${counted(worker.sensorsHeld, "sensor")} in ${counted(worker.shardsHeld ?? 0, "shard")}`}
                  {worker.runsHeld !== null && heldOf(worker.runsHeld, worker.slots)}
                  {worker.sensorsHeld === null && worker.runsHeld === null && <span className="faint">–</span>}
                </td>
                <td className="number">{worker.tasks}</td>
                <td>
                  <Time at={worker.startedAt} />
                </td>
                <td>
                  <Distance at={worker.lastSeenAt} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Location({ location, onReloaded }: { location: LocationFactsFragment; onReloaded: () => void }) {
  const [isBusy, setBusy] = useState(false);
  const mayNot = useMay("reloadCodeLocation");
  const reload = async () => {
    setBusy(true);
    try {
      const { codeLocation } = await mutate(Reload, { codeLocationId: location.id });
      if (codeLocation?.error) complain(`${location.name} could not be loaded`, codeLocation.error.message);
      else say(`${location.name} is loaded anew`);
    } catch (error) {
      complain(`${location.name} was not loaded anew`, messageOf(error));
    }
    setBusy(false);
    onReloaded();
  };
  return (
    <li className="stack tight">
      <span className="row wrap">
        <strong>{location.name}</strong>
        <Tag tone={location.error ? "bad" : "good"}>{location.error ? "not loaded" : "loaded"}</Tag>
        <code className="soft">{location.target}</code>
        {location.loadedAt && (
          <span className="faint">
            loaded <Time at={location.loadedAt} />
          </span>
        )}
        <Button small icon="refresh" className="push" disabled={isBusy} refused={mayNot} onClick={reload}>
          {isBusy ? "Loading …" : "Reload"}
        </Button>
      </span>
      {location.error && <ErrorBox error={location.error} />}
    </li>
  );
}

function Retention({ retention }: { retention: InstanceFactsFragment["retention"] }) {
  return (
    <section className="panel" aria-label="History">
      <header>
        <h2>History</h2>
        {retention.trouble ? <Tag tone="warn">in trouble</Tag> : <Tag tone="good">looked after</Tag>}
      </header>
      <div className="panel-body stack">
        {retention.trouble && <Trouble message={[retention.trouble, retention.error].filter(Boolean).join(" ")} />}
        <dl className="facts">
          <dt>Last looked after</dt>
          <dd>
            <Time at={retention.succeededAt} />
          </dd>
          <dt>Partitions</dt>
          <dd className="number">
            {retention.partitionsMade} made,{" "}
            {retention.partitionsDropped === 0
              ? "none old enough to be dropped yet"
              : `${retention.partitionsDropped} dropped with about ${Math.round(retention.rowsDropped).toLocaleString()} rows`}
          </dd>
        </dl>
      </div>
    </section>
  );
}
