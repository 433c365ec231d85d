"""What is asked about sensors."""

from vedette.cli.sensors.request_lines import REQUEST

SENSOR = """
fragment Tick on Tick {
  id number status cause startedAt finishedAt durationSeconds skipReason error { type message } launchedCount
}
fragment Sensor on Sensor {
  id name kind status nextTickAt consecutiveFailures
  codeLocation { name }
  condition { kind until message }
  cursor { value version updatedAt }
  lastTick { ...Tick }
}
"""

LIST = (
    SENSOR
    + """
query Sensors($filter: SensorFilter, $first: Int, $after: String) {
  sensors(filter: $filter, first: $first, after: $after) {
    edges { node { ...Sensor } }
    pageInfo { hasNextPage endCursor }
  }
}
"""
)
SHOW = (
    SENSOR
    + """
query Show($by: SensorBy!) {
  sensor(by: $by) {
    ...Sensor
    description owners metadata minimumIntervalSeconds watches timeoutSeconds defaultStatus
    tags { key value }
    targets { ... on Job { name } }
    statusReason { source actor at note }
  }
}
"""
)
FIND = "query Sensor($by: SensorBy!) { sensor(by: $by) { id name codeLocation { name } } }"


def change(field: str, input_type: str) -> str:
    """Return the document of a mutation that answers with the sensor."""
    return (
        SENSOR
        + f"""
mutation Change($input: {input_type}!) {{
  {field}(input: $input) {{
    sensor {{ ...Sensor }}
    errors {{ __typename message path }}
  }}
}}
"""
    )


START = change("startSensor", "StartSensorInput")
STOP = change("stopSensor", "StopSensorInput")
RESET = change("resetSensor", "ResetSensorInput")
SET_CURSOR = change("setSensorCursor", "SetSensorCursorInput")

CURSOR_FIELDS = """
fragment Author on CursorAuthor { __typename ... on Tick { id number } ... on Actor { name } }
"""
CURSOR = (
    CURSOR_FIELDS
    + """
query Cursor($by: SensorBy!) {
  sensor(by: $by) { id name cursor { value version updatedAt updatedBy { ...Author } } }
}
"""
)
CURSOR_HISTORY = (
    CURSOR_FIELDS
    + """
query CursorHistory($by: SensorBy!) {
  sensor(by: $by) {
    id
    name
    cursorHistory(first: 100) { edges { node { version value at by { ...Author } } } }
  }
}
"""
)
PREVIEW = (
    REQUEST
    + """
mutation Preview($input: EvaluateSensorInput!) {
  evaluateSensor(input: $input) {
    evaluation {
      cursorBefore cursorAfter cursorVersion skipReason durationSeconds
      error { type message stack cause { type message cause { type message } } }
      runRequests { ...Request }
      partitionChanges { kind partitionsDefinition keys }
      logs { at level logger message }
    }
    errors { __typename message path }
  }
}
"""
)
TICKED = """
fragment Ticked on Tick {
  id number status startedAt durationSeconds skipReason error { type message } requestedCount launchedCount
  cursorBefore cursorAfter sensor { name codeLocation { name } }
}
"""
TICK = (
    TICKED
    + """
mutation Tick($input: TickSensorInput!) {
  tickSensor(input: $input) {
    tick { ...Ticked }
    errors { __typename message path }
  }
}
"""
)
TICK_STATUS = TICKED + "query TickStatus($id: ID!) { tick(id: $id) { ...Ticked } }"
