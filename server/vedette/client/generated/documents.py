"""What the client asks."""

FindSensor = """
fragment SensorFacts on Sensor {
  id
  name
  codeLocation {
    name
  }
  status
  condition {
    kind
    until
    message
  }
  cursor {
    value
    version
    updatedAt
  }
  nextTickAt
  consecutiveFailures
}

query FindSensor($by: SensorBy!) {
  sensor(by: $by) {
    ...SensorFacts
  }
}
"""

ListSensors = """
fragment SensorFacts on Sensor {
  id
  name
  codeLocation {
    name
  }
  status
  condition {
    kind
    until
    message
  }
  cursor {
    value
    version
    updatedAt
  }
  nextTickAt
  consecutiveFailures
}

query ListSensors($filter: SensorFilter, $first: Int, $after: String) {
  sensors(filter: $filter, first: $first, after: $after) {
    edges {
      node {
        ...SensorFacts
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
"""

FindJob = """
fragment JobFacts on Job {
  id
  name
  codeLocation {
    name
  }
  configSchema
}

query FindJob($by: JobBy!) {
  job(by: $by) {
    ...JobFacts
  }
}
"""

FindRun = """
fragment Failure on ErrorInfo {
  type
  message
  stack
}

fragment RunFacts on Run {
  id
  jobName
  status
  runKey
  runConfig
  partitionKey
  tags {
    key
    value
  }
  queuedAt
  startedAt
  finishedAt
  attempt
  error {
    ...Failure
  }
}

query FindRun($id: ID!) {
  run(id: $id) {
    ...RunFacts
  }
}
"""

ListRuns = """
fragment Failure on ErrorInfo {
  type
  message
  stack
}

fragment RunFacts on Run {
  id
  jobName
  status
  runKey
  runConfig
  partitionKey
  tags {
    key
    value
  }
  queuedAt
  startedAt
  finishedAt
  attempt
  error {
    ...Failure
  }
}

query ListRuns($filter: RunFilter, $first: Int, $after: String) {
  runs(filter: $filter, first: $first, after: $after) {
    edges {
      node {
        ...RunFacts
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
"""

FindTick = """
fragment Failure on ErrorInfo {
  type
  message
  stack
}

fragment TickFacts on Tick {
  id
  number
  status
  cause
  startedAt
  finishedAt
  cursorBefore
  cursorAfter
  skipReason
  error {
    ...Failure
  }
  requestedCount
  launchedCount
  sensor {
    id
    name
    codeLocation {
      name
    }
  }
}

query FindTick($id: ID!) {
  tick(id: $id) {
    ...TickFacts
  }
}
"""

ListTicks = """
fragment Failure on ErrorInfo {
  type
  message
  stack
}

fragment TickFacts on Tick {
  id
  number
  status
  cause
  startedAt
  finishedAt
  cursorBefore
  cursorAfter
  skipReason
  error {
    ...Failure
  }
  requestedCount
  launchedCount
  sensor {
    id
    name
    codeLocation {
      name
    }
  }
}

query ListTicks($filter: TickFilter, $first: Int, $after: String) {
  ticks(filter: $filter, first: $first, after: $after) {
    edges {
      node {
        ...TickFacts
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
"""

StartSensor = """
fragment SensorFacts on Sensor {
  id
  name
  codeLocation {
    name
  }
  status
  condition {
    kind
    until
    message
  }
  cursor {
    value
    version
    updatedAt
  }
  nextTickAt
  consecutiveFailures
}

fragment Problem on MutationError {
  __typename
  message
  path
}

mutation StartSensor($input: StartSensorInput!) {
  startSensor(input: $input) {
    sensor {
      ...SensorFacts
    }
    errors {
      ...Problem
    }
  }
}
"""

StopSensor = """
fragment SensorFacts on Sensor {
  id
  name
  codeLocation {
    name
  }
  status
  condition {
    kind
    until
    message
  }
  cursor {
    value
    version
    updatedAt
  }
  nextTickAt
  consecutiveFailures
}

fragment Problem on MutationError {
  __typename
  message
  path
}

mutation StopSensor($input: StopSensorInput!) {
  stopSensor(input: $input) {
    sensor {
      ...SensorFacts
    }
    errors {
      ...Problem
    }
  }
}
"""

ResetSensor = """
fragment SensorFacts on Sensor {
  id
  name
  codeLocation {
    name
  }
  status
  condition {
    kind
    until
    message
  }
  cursor {
    value
    version
    updatedAt
  }
  nextTickAt
  consecutiveFailures
}

fragment Problem on MutationError {
  __typename
  message
  path
}

mutation ResetSensor($input: ResetSensorInput!) {
  resetSensor(input: $input) {
    sensor {
      ...SensorFacts
    }
    errors {
      ...Problem
    }
  }
}
"""

SetSensorCursor = """
fragment SensorFacts on Sensor {
  id
  name
  codeLocation {
    name
  }
  status
  condition {
    kind
    until
    message
  }
  cursor {
    value
    version
    updatedAt
  }
  nextTickAt
  consecutiveFailures
}

fragment Problem on MutationError {
  __typename
  message
  path
}

mutation SetSensorCursor($input: SetSensorCursorInput!) {
  setSensorCursor(input: $input) {
    sensor {
      ...SensorFacts
    }
    errors {
      ...Problem
    }
  }
}
"""

EvaluateSensor = """
fragment Failure on ErrorInfo {
  type
  message
  stack
}

fragment LogLine on LogRecord {
  at
  level
  logger
  message
}

fragment EvaluationFacts on Evaluation {
  cursorBefore
  cursorAfter
  cursorVersion
  skipReason
  durationSeconds
  error {
    ...Failure
  }
  runRequests {
    runKey
    jobName
    runConfig
    partitionKey
    outcome
    tags {
      key
      value
    }
  }
  logs {
    ...LogLine
  }
}

fragment Problem on MutationError {
  __typename
  message
  path
}

mutation EvaluateSensor($input: EvaluateSensorInput!) {
  evaluateSensor(input: $input) {
    evaluation {
      ...EvaluationFacts
    }
    errors {
      ...Problem
    }
  }
}
"""

TickSensor = """
fragment Failure on ErrorInfo {
  type
  message
  stack
}

fragment TickFacts on Tick {
  id
  number
  status
  cause
  startedAt
  finishedAt
  cursorBefore
  cursorAfter
  skipReason
  error {
    ...Failure
  }
  requestedCount
  launchedCount
  sensor {
    id
    name
    codeLocation {
      name
    }
  }
}

fragment Problem on MutationError {
  __typename
  message
  path
}

mutation TickSensor($input: TickSensorInput!) {
  tickSensor(input: $input) {
    tick {
      ...TickFacts
    }
    errors {
      ...Problem
    }
  }
}
"""

LaunchRun = """
fragment Failure on ErrorInfo {
  type
  message
  stack
}

fragment RunFacts on Run {
  id
  jobName
  status
  runKey
  runConfig
  partitionKey
  tags {
    key
    value
  }
  queuedAt
  startedAt
  finishedAt
  attempt
  error {
    ...Failure
  }
}

fragment Problem on MutationError {
  __typename
  message
  path
}

mutation LaunchRun($input: LaunchRunInput!) {
  launchRun(input: $input) {
    run {
      ...RunFacts
    }
    errors {
      ...Problem
    }
  }
}
"""

CancelRun = """
fragment Failure on ErrorInfo {
  type
  message
  stack
}

fragment RunFacts on Run {
  id
  jobName
  status
  runKey
  runConfig
  partitionKey
  tags {
    key
    value
  }
  queuedAt
  startedAt
  finishedAt
  attempt
  error {
    ...Failure
  }
}

fragment Problem on MutationError {
  __typename
  message
  path
}

mutation CancelRun($input: CancelRunInput!) {
  cancelRun(input: $input) {
    run {
      ...RunFacts
    }
    errors {
      ...Problem
    }
  }
}
"""

Rerun = """
fragment Failure on ErrorInfo {
  type
  message
  stack
}

fragment RunFacts on Run {
  id
  jobName
  status
  runKey
  runConfig
  partitionKey
  tags {
    key
    value
  }
  queuedAt
  startedAt
  finishedAt
  attempt
  error {
    ...Failure
  }
}

fragment Problem on MutationError {
  __typename
  message
  path
}

mutation Rerun($input: RerunInput!) {
  rerun(input: $input) {
    run {
      ...RunFacts
    }
    errors {
      ...Problem
    }
  }
}
"""

FollowTicks = """
fragment Failure on ErrorInfo {
  type
  message
  stack
}

fragment TickFacts on Tick {
  id
  number
  status
  cause
  startedAt
  finishedAt
  cursorBefore
  cursorAfter
  skipReason
  error {
    ...Failure
  }
  requestedCount
  launchedCount
  sensor {
    id
    name
    codeLocation {
      name
    }
  }
}

subscription FollowTicks($filter: TickFilter, $after: StreamPosition) {
  ticks(filter: $filter, after: $after) {
    __typename
    ... on TickChanged {
      position
      tick {
        ...TickFacts
      }
    }
    ... on StreamGap {
      position
      message
    }
  }
}
"""

FollowRuns = """
fragment Failure on ErrorInfo {
  type
  message
  stack
}

fragment RunFacts on Run {
  id
  jobName
  status
  runKey
  runConfig
  partitionKey
  tags {
    key
    value
  }
  queuedAt
  startedAt
  finishedAt
  attempt
  error {
    ...Failure
  }
}

subscription FollowRuns($filter: RunFilter, $after: StreamPosition) {
  runs(filter: $filter, after: $after) {
    __typename
    ... on RunChanged {
      position
      run {
        ...RunFacts
      }
    }
    ... on StreamGap {
      position
      message
    }
  }
}
"""

FollowRun = """
fragment EventFacts on RunEvent {
  position
  at
  kind
  step
  message
  data
}

subscription FollowRun($runId: ID!, $after: StreamPosition) {
  runEvents(runId: $runId, after: $after) {
    __typename
    ... on RunEventAdded {
      position
      event {
        ...EventFacts
      }
    }
    ... on StreamGap {
      position
      message
    }
  }
}
"""

FollowTickLogs = """
fragment LogLine on LogRecord {
  at
  level
  logger
  message
}

subscription FollowTickLogs($tickId: ID!, $after: StreamPosition) {
  tickLogs(tickId: $tickId, after: $after) {
    __typename
    ... on TickLogAdded {
      position
      record {
        ...LogLine
      }
    }
    ... on StreamGap {
      position
      message
    }
  }
}
"""

ReadPositions = """
query ReadPositions {
  instance {
    positions {
      ticks
      sensors
      runs
      assetEvents: assets
    }
  }
}
"""

FindAsset = """
fragment AssetFacts on Asset {
  id
  key
  description
  group
  isExecutable
  latestMaterialization {
    ...MaterializationFacts
  }
}

fragment MaterializationFacts on Materialization {
  position
  at
  partitionKey
  description
  metadata
  run {
    id
  }
}

query FindAsset($key: [String!]!) {
  asset(key: $key) {
    ...AssetFacts
  }
}
"""

ListAssets = """
fragment AssetFacts on Asset {
  id
  key
  description
  group
  isExecutable
  latestMaterialization {
    ...MaterializationFacts
  }
}

fragment MaterializationFacts on Materialization {
  position
  at
  partitionKey
  description
  metadata
  run {
    id
  }
}

query ListAssets($filter: AssetFilter, $first: Int, $after: String) {
  assets(filter: $filter, first: $first, after: $after) {
    edges {
      node {
        ...AssetFacts
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
"""

ReportAssetEvent = """
fragment AssetEventFacts on AssetEvent {
  __typename
  position
  at
  assetKey
  partitionKey
  description
  metadata
  run {
    id
  }
}

fragment Problem on MutationError {
  __typename
  message
  path
}

mutation ReportAssetEvent($input: ReportAssetEventInput!) {
  reportAssetEvent(input: $input) {
    event {
      ...AssetEventFacts
    }
    errors {
      ...Problem
    }
  }
}
"""

FollowAssetEvents = """
fragment AssetEventFacts on AssetEvent {
  __typename
  position
  at
  assetKey
  partitionKey
  description
  metadata
  run {
    id
  }
}

subscription FollowAssetEvents($filter: AssetEventFilter, $after: StreamPosition) {
  assetEvents(filter: $filter, after: $after) {
    __typename
    ... on AssetEventAdded {
      position
      event {
        ...AssetEventFacts
      }
    }
    ... on StreamGap {
      position
      message
    }
  }
}
"""
