"""What is asked about partitions."""

DEFINITIONS = """
query Definitions($first: Int, $after: String) {
  dynamicPartitionsDefinitions(first: $first, after: $after) {
    edges { node { name keyCount } } pageInfo { hasNextPage endCursor }
  }
}
"""
OF_DEFINITION = """
query Partitions($name: String!, $prefix: String, $first: Int, $after: String) {
  dynamicPartitionsDefinition(name: $name) {
    partitions(prefix: $prefix, first: $first, after: $after) {
      edges { node { key addedAt } } pageInfo { hasNextPage endCursor }
    }
  }
}
"""
FIND_DEFINITION = """
query Definition($name: String!) { dynamicPartitionsDefinition(name: $name) { name keyCount } }
"""
OF_JOB = """
query Partitions($id: ID!, $prefix: String, $first: Int, $after: String) {
  job(by: {id: $id}) {
    partitions(prefix: $prefix, first: $first, after: $after) {
      edges { node { key startsAt endsAt addedAt } } pageInfo { hasNextPage endCursor }
    }
  }
}
"""
FIND_JOB = """
query Job($by: JobBy!) { job(by: $by) { id name partitionsDefinition { kind name } } }
"""
_PAYLOAD = "change { partitionsDefinition kind keys skippedKeys } errors { __typename message path }"
ADD = f"mutation Add($input: AddDynamicPartitionInput!) {{ addDynamicPartition(input: $input) {{ {_PAYLOAD} }} }}"
DELETE = (
    "mutation Delete($input: DeleteDynamicPartitionsInput!) "
    f"{{ deleteDynamicPartitions(input: $input) {{ {_PAYLOAD} }} }}"
)
