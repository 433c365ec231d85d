import { Link } from "wouter";

import { Json } from "../elements/Block";
import { KeyValues, LongName, Tag, type Tone } from "../elements/Tag";
import { type FragmentType, graphql, read } from "../gql";
import type { RunRequestOutcome } from "../gql/graphql";
import { RunTag } from "../runs/RunTag";

export const RequestLine = graphql(`
  fragment RequestLine on RunRequest {
    runKey jobName partitionKey assetSelection runConfig outcome
    tags { key value }
    run { id status }
  }
`);

const outcomes: Record<RunRequestOutcome, readonly [Tone, string]> = {
  LAUNCHED: ["good", "Launched"],
  DUPLICATE: ["idle", "Key spent"],
  PREVIEWED: ["good", "Would launch"],
  REFUSED: ["bad", "Not launched"],
  FRESH: ["idle", "Nothing stale"],
};

/** Return the address of the launchpad with a request filled in. */
export function launchpadAddress(location: string, jobName: string, filled: object): string {
  const job = `/jobs/${encodeURIComponent(location)}/${encodeURIComponent(jobName)}`;
  return `${job}#${encodeURIComponent(JSON.stringify(filled))}`;
}

interface RequestTableProps {
  requests: readonly FragmentType<typeof RequestLine>[];
  location: string;
}

/** The runs that an evaluation asked for, and what became of each. */
export function RequestTable({ requests, location }: RequestTableProps) {
  return (
    <div className="panel scroll-x" tabIndex={0} role="region" aria-label="Run requests">
      <table className="table">
        <thead>
          <tr>
            <th>Outcome</th>
            <th>Run</th>
            <th>Job</th>
            <th>Run key</th>
            <th>Tags</th>
            <th>Config</th>
            <th>
              <span className="hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {read(RequestLine, requests).map((request, index) => {
            const [tone, name] = outcomes[request.outcome];
            const { runConfig, tags, partitionKey, assetSelection, runKey } = request;
            return (
              // requests are known by their place
              <tr key={index}>
                <td>
                  <Tag tone={tone}>{name}</Tag>
                </td>
                <td>
                  {request.run ? (
                    <Link href={`/runs/${request.run.id}`}>
                      <span className="hidden">Run of request {index + 1}: </span>
                      <RunTag status={request.run.status} />
                    </Link>
                  ) : (
                    <span className="faint">–</span>
                  )}
                </td>
                <td>
                  <LongName name={request.jobName ?? assetSelection?.map((key) => key.join("/")).join(", ") ?? ""} />
                </td>
                <td className="mono">
                  {runKey ?? <span className="faint">none</span>}
                  {partitionKey !== null && <div className="faint">{partitionKey}</div>}
                </td>
                <td>
                  <KeyValues tags={tags} />
                </td>
                <td>
                  <details>
                    <summary>{isEmpty(runConfig) ? "empty" : "Show"}</summary>
                    <Json value={runConfig} label="Run config" />
                  </details>
                </td>
                <td>
                  {request.jobName && (
                    <Link
                      href={launchpadAddress(location, request.jobName, {
                        runConfig,
                        tags,
                        partitionKey,
                        assetSelection,
                      })}
                    >
                      Launchpad
                    </Link>
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

function isEmpty(config: unknown): boolean {
  return typeof config === "object" && config !== null && Object.keys(config).length === 0;
}
