"""What is asked about the queue, and about limits on what runs."""

QUEUE = """
query Queue($first: Int, $after: String) {
  queue(first: $first, after: $after) {
    edges { node {
      id jobName priority queuedAt queuePosition
      job { name codeLocation { name } }
      waitingFor {
        __typename message
        ... on NoLauncher { codeLocationName }
        ... on LimitReached { runLimit { description maxConcurrentRuns } tagValue }
      }
    } }
    pageInfo { hasNextPage endCursor }
  }
}
"""
LIMIT = """
fragment Limit on RunLimit {
  id kind tagKey tagValue maxConcurrentRuns maxConcurrentRunsInCode runningRuns description setAt setBy
  job { id name codeLocation { name } }
}
"""
LIMITS = (
    LIMIT
    + """
query Limits($first: Int, $after: String) {
  runLimits(first: $first, after: $after) { edges { node { ...Limit } } pageInfo { hasNextPage endCursor } }
}
"""
)
SET = (
    LIMIT
    + """
mutation SetLimit($input: SetRunLimitInput!) {
  setRunLimit(input: $input) { runLimit { ...Limit } errors { __typename message path } }
}
"""
)
REMOVE = (
    LIMIT
    + """
mutation RemoveLimit($input: RemoveRunLimitInput!) {
  removeRunLimit(input: $input) { runLimit { ...Limit } errors { __typename message path } }
}
"""
)
JOB = "query Job($by: JobBy!) { job(by: $by) { id name } }"
