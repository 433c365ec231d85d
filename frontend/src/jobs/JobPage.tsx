import { lazy, Suspense } from "react";
import { useQuery } from "urql";
import { Link, useSearchParams } from "wouter";

import { messageOf } from "../api/mutate";
import { Empty } from "../elements/Empty";
import { Trouble } from "../elements/ErrorBox";
import { Graph } from "../elements/Graph";
import { Head, Loading } from "../elements/Page";
import { Tabs } from "../elements/Tabs";
import { KeyValues } from "../elements/Tag";
import { graphql } from "../gql";
import { RunList } from "../runs/RunList";
import { sensorAddress } from "../sensors/address";
import { jobAddress, jobTitle } from "./address";

import "./jobs.css";

const Launchpad = lazy(() => import("./Launchpad"));

const Query = graphql(`
  query JobPage($by: JobBy!) {
    job(by: $by) {
      id name description configSchema
      codeLocation { id name }
      tags { key value }
      ops { name description dependsOn }
      sensors { id name codeLocation { id name } }
    }
  }
`);

/** One job: its graph, its launchpad and its runs. */
export default function JobPage({ location, name }: { location: string; name: string }) {
  const by = { name: { codeLocation: location, name } };
  const [{ data, fetching, error }] = useQuery({ query: Query, variables: { by } });
  const [parameters] = useSearchParams();
  const tab = parameters.get("tab") ?? "launchpad";
  if (error && !data) {
    return (
      <div className="page">
        <Trouble message={messageOf(error)} />
      </div>
    );
  }
  if (fetching && !data) return <Loading />;
  const job = data?.job;
  if (!job) {
    return (
      <Empty page title={`There is no job ${name} in ${location}`}>
        It may have been renamed or removed.
      </Empty>
    );
  }
  const address = jobAddress(location, name);
  return (
    <div className="page scrolls">
      <Head title={jobTitle(job.name)} within={[["Jobs", "/jobs"]]} marks={<span className="faint">{location}</span>} />
      {job.description && <p>{job.description}</p>}
      <dl className="facts">
        <dt>Sensors</dt>
        <dd className="row wrap">
          {job.sensors.length === 0 && <span className="faint">none asks for runs of it</span>}
          {job.sensors.map((sensor) => (
            <Link key={sensor.id} href={sensorAddress(sensor.codeLocation.name, sensor.name)}>
              {sensor.name}
            </Link>
          ))}
        </dd>
        <dt>Tags</dt>
        <dd>
          <KeyValues tags={job.tags} />
        </dd>
      </dl>
      <section className="panel" aria-label="Graph">
        <header>
          <h2>Ops</h2>
          <span className="faint number">{job.ops.length}</span>
        </header>
        <Graph
          label={`Ops of ${job.name}`}
          nodes={job.ops.map((op) => ({
            id: op.name,
            title: op.name,
            dependsOn: op.dependsOn,
            ...(op.description ? { detail: op.description } : {}),
          }))}
        />
      </section>
      <Tabs
        label={`Parts of ${name}`}
        current={tab}
        tabs={[
          ["launchpad", "Launchpad", address],
          ["runs", "Runs", `${address}?tab=runs`],
        ]}
      />
      {tab === "runs" ? (
        <RunList filter={{ jobName: job.name }} empty="Launch one from the launchpad, or let a sensor ask for it." />
      ) : (
        <Suspense fallback={<Loading />}>
          <Launchpad jobId={job.id} schema={job.configSchema} />
        </Suspense>
      )}
    </div>
  );
}
