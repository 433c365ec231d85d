import { useEffect, useState } from "react";
import { Link } from "wouter";

import { client } from "../api/client";
import { messageOf } from "../api/mutate";
import { Empty } from "../elements/Empty";
import { Trouble } from "../elements/ErrorBox";
import { Head, Loading } from "../elements/Page";
import { useParameter } from "../elements/query";
import { Search } from "../elements/Search";
import { Distance } from "../elements/Time";
import { graphql, read } from "../gql";
import type { JobLineFragment } from "../gql/graphql";
import { RunTag } from "../runs/RunTag";
import { sensorAddress } from "../sensors/address";
import { jobAddress, jobTitle } from "./address";

const JobLine = graphql(`
  fragment JobLine on Job {
    id name description
    codeLocation { id name }
    ops { name }
    sensors { id name codeLocation { id name } }
    runs(first: 1) { edges { node { id status queuedAt } } }
  }
`);
const Query = graphql(`
  query JobsPage($filter: JobFilter, $first: Int!, $after: String) {
    jobs(filter: $filter, first: $first, after: $after) {
      edges { node { id ...JobLine } }
      pageInfo { hasNextPage endCursor }
    }
  }
`);

const PAGE = 50;

function useJobs(search: string) {
  const [jobs, setJobs] = useState<readonly JobLineFragment[] | null>(null);
  const [next, setNext] = useState<string | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  const load = async (after: string | null, isWanted: () => boolean) => {
    const filter = search ? { nameContains: search } : {};
    const variables = { filter, first: PAGE, after };
    const { data, error } = await client.query(Query, variables, { requestPolicy: "network-only" }).toPromise();
    if (!isWanted()) return;
    setTrouble(data ? null : messageOf(error));
    if (!data) return;
    const more = data.jobs.edges.map(({ node }) => read(JobLine, node));
    setJobs((before) => (after === null ? more : [...(before ?? []), ...more]));
    setNext(data.jobs.pageInfo.hasNextPage ? (data.jobs.pageInfo.endCursor ?? null) : null);
  };
  useEffect(() => {
    let isWanted = true;
    void load(null, () => isWanted);
    return () => {
      isWanted = false;
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the list is that of the search
  }, [search]);
  return { jobs, trouble, more: next === null ? null : () => load(next, () => true) };
}

/** Every job, with what asks for runs of it. */
export default function JobsPage() {
  const [search, setSearch] = useParameter("q");
  const { jobs, trouble, more } = useJobs(search);
  return (
    <div className="page scrolls">
      <Head title="Jobs" />
      <div className="row">
        <Search label="Search jobs" value={search} onChange={setSearch} />
      </div>
      {trouble && <Trouble message={trouble} />}
      {!jobs && !trouble && <Loading />}
      {jobs?.length === 0 && (
        <Empty title={search ? "No job matches" : "No jobs yet"}>
          {search ? "Clear the search to see all of them." : "A job is a graph of ops: decorate a function with @job."}
        </Empty>
      )}
      {jobs && jobs.length > 0 && (
        <div className="panel scroll-x" tabIndex={0} role="region" aria-label="Table of jobs">
          <table className="table">
            <thead>
              <tr>
                <th>Job</th>
                <th>Location</th>
                <th>Ops</th>
                <th>Sensors</th>
                <th>Last run</th>
              </tr>
            </thead>
            <tbody>
              {jobs.map((job) => (
                <JobRow key={job.id} job={job} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {more && (
        <button type="button" className="button" onClick={more}>
          More
        </button>
      )}
    </div>
  );
}

function JobRow({ job }: { job: JobLineFragment }) {
  const last = job.runs.edges[0]?.node;
  return (
    <tr>
      <td>
        <Link href={jobAddress(job.codeLocation.name, job.name)}>
          <strong>{jobTitle(job.name)}</strong>
        </Link>
        {job.description && <div className="soft clip">{job.description}</div>}
      </td>
      <td className="soft">{job.codeLocation.name}</td>
      <td className="number">{job.ops.length}</td>
      <td>
        <span className="row wrap">
          {job.sensors.slice(0, 3).map((sensor) => (
            <Link key={sensor.id} href={sensorAddress(sensor.codeLocation.name, sensor.name)}>
              {sensor.name}
            </Link>
          ))}
          {job.sensors.length > 3 && <span className="faint">+{job.sensors.length - 3}</span>}
          {job.sensors.length === 0 && <span className="faint">–</span>}
        </span>
      </td>
      <td>
        {last ? (
          <Link href={`/runs/${last.id}`} className="row">
            <RunTag status={last.status} />
            <span className="faint">
              <Distance at={last.queuedAt} />
            </span>
          </Link>
        ) : (
          <span className="faint">never</span>
        )}
      </td>
    </tr>
  );
}
