"""What is asked about runs."""

RUN = """
fragment Run on Run {
  id jobName status runKey queuedAt startedAt finishedAt attempt
  job { name codeLocation { name } }
  tags { key value }
  sensor { id name }
  error { type message }
}
"""
LIST = (
    RUN
    + """
query Runs($filter: RunFilter, $first: Int, $after: String) {
  runs(filter: $filter, first: $first, after: $after) {
    edges { node { ...Run } }
    pageInfo { hasNextPage endCursor }
  }
}
"""
)
SHOW = (
    RUN
    + """
query Run($id: ID!) {
  run(id: $id) {
    ...Run
    runConfig partitionKey canCancel queuePosition
    waitingFor { message }
    tick { id number }
    error { type message stack cause { type message cause { type message } } }
    steps { name status startedAt finishedAt attempt error { type message } }
  }
}
"""
)
STATUS = "query Run($id: ID!) { run(id: $id) { id status } }"
EVENTS = """
query Events($id: ID!, $first: Int, $after: String) {
  run(id: $id) {
    events(first: $first, after: $after) {
      edges { node { position at kind step message data } }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""
FOLLOW = """
subscription Events($id: ID!, $after: StreamPosition) {
  runEvents(runId: $id, after: $after) {
    __typename
    ... on RunEventAdded { position event { position at kind step message data } }
    ... on StreamGap { position message }
  }
}
"""
JOB = "query Job($by: JobBy!) { job(by: $by) { id name } }"
LAUNCH = (
    RUN
    + """
mutation Launch($input: LaunchRunInput!) {
  launchRun(input: $input) {
    run { ...Run }
    errors { __typename message path }
  }
}
"""
)
CANCEL = (
    RUN
    + """
mutation Cancel($input: CancelRunInput!) {
  cancelRun(input: $input) {
    run { ...Run }
    errors { __typename message path }
  }
}
"""
)
