"""What is asked about jobs."""

JOB = """
fragment Job on Job {
  id name description
  codeLocation { name }
  ops { name }
  sensors { name }
}
"""
LIST = (
    JOB
    + """
query Jobs($filter: JobFilter, $first: Int, $after: String) {
  jobs(filter: $filter, first: $first, after: $after) {
    edges { node { ...Job } }
    pageInfo { hasNextPage endCursor }
  }
}
"""
)
SHOW = (
    JOB
    + """
query Job($by: JobBy!) {
  job(by: $by) {
    ...Job
    tags { key value }
    configSchema
    runs(first: 1) { edges { node { id status queuedAt } } }
  }
}
"""
)
