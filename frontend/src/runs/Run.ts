import { graphql } from "../gql";

/** A run as lists show it. */
export const RunSummary = graphql(`
  fragment RunSummary on Run {
    id
    jobName
    status
    runKey
    partitionKey
    queuedAt
    startedAt
    finishedAt
    attempt
    canCancel
    job { id codeLocation { id name } }
    sensor { id name codeLocation { id name } }
    tick { id number }
    error { type message }
  }
`);
