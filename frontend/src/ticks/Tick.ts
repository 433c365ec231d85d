import { graphql } from "../gql";

/** A tick as lists and the timeline show it. */
export const TickSummary = graphql(`
  fragment TickSummary on Tick {
    id
    number
    status
    cause
    startedAt
    finishedAt
    skipReason
    requestedCount
    launchedCount
    repeats
    lastRepeatAt
    cursorAfter
    error { type message }
  }
`);
