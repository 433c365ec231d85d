"""What is asked about assets."""

ASSET = """
fragment Asset on Asset {
  id key description group isExecutable kinds
  codeLocation { name }
  latestMaterialization { position at partitionKey run { id status } }
}
"""
EVENT = """
fragment Event on AssetEvent {
  __typename position at assetKey partitionKey description metadata step
  run { id jobName } tick { id number sensor { name } }
  ... on AssetCheckEvaluation { checkName passed severity }
}
"""
LIST = (
    ASSET
    + """
query Assets($filter: AssetFilter, $first: Int, $after: String) {
  assets(filter: $filter, first: $first, after: $after) {
    edges { node { ...Asset } }
    pageInfo { hasNextPage endCursor }
  }
}
"""
)
SHOW = (
    ASSET
    + """
query Asset($key: [String!]!) {
  asset(key: $key) {
    ...Asset
    owners codeVersion metadata materializedPartitionCount
    tags { key value }
    partitionsDefinition { kind name }
    dependsOn { key }
    dependents { key }
    jobs { name }
    sensors { name }
    watchedBy { name }
    checks { name isBlocking latestEvaluation { at passed severity } }
  }
}
"""
)
EVENTS = (
    EVENT
    + """
query AssetEvents($key: [String!]!, $partition: String, $first: Int, $after: String) {
  asset(key: $key) {
    events(partitionKey: $partition, first: $first, after: $after) {
      edges { node { ...Event } }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""
)
KEYS = """
query AssetKeys($filter: AssetFilter, $first: Int, $after: String) {
  assets(filter: $filter, first: $first, after: $after) {
    edges { node { key codeLocation { name } } }
    pageInfo { hasNextPage endCursor }
  }
}
"""
POSITION = "query Position { instance { positions { assets } } }"
FOLLOW = (
    EVENT
    + """
subscription AssetEvents($filter: AssetEventFilter, $after: StreamPosition) {
  assetEvents(filter: $filter, after: $after) {
    __typename
    ... on AssetEventAdded { position event { ...Event } }
    ... on StreamGap { position message }
  }
}
"""
)
REPORT = (
    EVENT
    + """
mutation Report($input: ReportAssetEventInput!) {
  reportAssetEvent(input: $input) {
    event { ...Event }
    errors { __typename message path }
  }
}
"""
)
WIPE = """
mutation Wipe($input: WipeAssetsInput!) {
  wipeAssets(input: $input) {
    assets { key }
    errors { __typename message path }
  }
}
"""
