import { graphql } from "../gql";

/** What a row of the overview changes with. */
export const SensorState = graphql(`
  fragment SensorState on Sensor {
    id
    status
    nextTickAt
    consecutiveFailures
    condition { kind until message }
    statusReason { source actor at note }
    lastTick { id number status startedAt finishedAt launchedCount skipReason repeats lastRepeatAt error { type message } }
  }
`);

/** What a row of the overview shows. */
export const SensorRow = graphql(`
  fragment SensorRow on Sensor {
    id
    name
    kind
    description
    minimumIntervalSeconds
    codeLocation { id name }
    tags { key value }
    targets {
      __typename
      ... on Job { id name }
      ... on AssetSelectionTarget { keys }
    }
    ...SensorState
  }
`);

/** One bar of a sparkline. */
export const SparkTick = graphql(`
  fragment SparkTick on Tick {
    id
    number
    status
    startedAt
    finishedAt
    launchedCount
  }
`);
