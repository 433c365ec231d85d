"""Partitions from a sensor to the op, through real processes."""

import pytest

from e2e.servers import DevServer, wait_until

pytestmark = pytest.mark.slow

PROJECT = """
from vedette import *

images = DynamicPartitionsDefinition("images")

@op
def look(context):
    context.log.info(f"looks at {context.partition_key}")

@job(partitions_def=images)
def looks():
    look()

class Ocean(Config):
    ocean: str

@op
def sail(context, config: Ocean):
    context.log.info(f"sails the {config.ocean} by {context.partition_key}")

@static_partitioned_config(["arctic", "broken"])
def by_ocean(partition_key):
    if partition_key == "broken":
        raise ValueError("no such ocean")
    return {"ops": {"sail": {"config": {"ocean": partition_key.upper()}}}}

@job(config=by_ocean)
def sails():
    sail()

@sensor(job=looks)
def finds(context):
    return SensorResult(
        [images_request(name) for name in ("a.png", "b.png")],
        dynamic_partitions_requests=[images.build_add_request(["a.png", "b.png"])],
    )

@sensor(job=looks)
def forgets(context):
    return SensorResult(
        [images_request("a.png")],
        dynamic_partitions_requests=[images.build_delete_request(["a.png"])],
    )

def images_request(name):
    return looks.run_request_for_partition(name, run_key=name)
"""
SENSOR = "query($name: String!) { sensor(by: {name: {name: $name}}) { id } }"
TICK = """
mutation($id: ID!) { tickSensor(input: {sensorId: $id}) { tick {
  status error { type message } partitionChanges { kind keys skippedKeys }
} errors { message } } }
"""
RUNS = """
{ runs(first: 20) { edges { node {
  jobName status partitionKey error { type message } logs { edges { node { message } } }
  events { edges { node { kind message } } }
} } } }
"""
LAUNCH = """
mutation($key: String!) { launchRun(input: {jobName: "sails", partitionKey: $key}) { run { id } errors { message } } }
"""
KEYS = """
{ dynamicPartitionsDefinitions { edges { node { name partitions { edges { node { key } } } } } } }
"""


def test_partitions_reach_the_op(dev_server: DevServer) -> None:
    dev_server.write(PROJECT)
    dev_server.start()

    def tick(name: str) -> dict[str, object]:
        sensor = wait_until(lambda: dev_server.query(SENSOR, name=name)["sensor"], "the sensor")
        payload = dev_server.query(TICK, id=sensor["id"])["tickSensor"]
        assert payload["errors"] == []
        return dict(payload["tick"])

    assert tick("finds") == {
        "status": "SUCCESS", "error": None,
        "partitionChanges": [{"kind": "ADD", "keys": ["a.png", "b.png"], "skippedKeys": []}],
    }  # fmt: skip
    failed = tick("forgets")
    assert (failed["status"], failed["partitionChanges"]) == ("FAILURE", [])
    assert 'no partition "a.png" of the dynamic partitions "images"' in str(failed["error"])
    [definition] = dev_server.query(KEYS)["dynamicPartitionsDefinitions"]["edges"]
    assert [edge["node"]["key"] for edge in definition["node"]["partitions"]["edges"]] == ["a.png", "b.png"]
    for key in ("arctic", "broken"):
        assert dev_server.query(LAUNCH, key=key)["launchRun"]["errors"] == []

    def runs() -> dict[str, dict[str, object]]:
        found = [edge["node"] for edge in dev_server.query(RUNS)["runs"]["edges"]]
        over = {run["partitionKey"]: run for run in found if run["status"] in ("SUCCESS", "FAILURE")}
        return over if len(over) == 4 else {}

    over = wait_until(runs, "the ends of four runs", 60.0)
    assert {key: run["status"] for key, run in over.items()} == {
        "a.png": "SUCCESS", "b.png": "SUCCESS", "arctic": "SUCCESS", "broken": "FAILURE"
    }  # fmt: skip
    assert "looks at b.png" in str(over["b.png"]["logs"])
    assert "sails the ARCTIC by arctic" in str(over["arctic"]["logs"])
    assert 'The run config is that of partition "arctic": {"ops"' in str(over["arctic"]["events"])
    assert "no such ocean" in str(over["broken"]["error"])
