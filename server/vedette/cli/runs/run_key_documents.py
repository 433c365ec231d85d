"""What is asked about run keys."""

_KEY = """
fragment Key on RunKey { runKey dedup since expiresAt run { id status } }
"""


def _list(owner: str) -> str:
    return (
        _KEY
        + f"""
query Keys($id: ID!, $contains: String, $first: Int, $after: String) {{
  {owner}(by: {{id: $id}}) {{
    runKeys(contains: $contains, first: $first, after: $after) {{
      edges {{ node {{ ...Key }} }} pageInfo {{ hasNextPage endCursor }}
    }}
  }}
}}
"""
    )


LISTS = {"sensor": _list("sensor"), "job": _list("job")}
OWNERS = {
    "sensor": "query Sensor($by: SensorBy!) { sensor(by: $by) { id name } }",
    "job": "query Job($by: JobBy!) { job(by: $by) { id name } }",
}
RELEASE = (
    _KEY
    + """
mutation Release($input: ReleaseRunKeyInput!) {
  releaseRunKey(input: $input) {
    runKey { ...Key }
    errors { __typename message path }
  }
}
"""
)
