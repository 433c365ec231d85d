"""Sensors and ops of a real server ask and tell the instance; a script beside it sees what they told."""

import os
import subprocess
import sys

import pytest

from e2e.servers import DevServer, wait_until

pytestmark = pytest.mark.slow

PROJECT = """
from vedette import *

@op
def notes(context):
    context.instance.add_dynamic_partitions("noted", [context.tags["vedette/run_key"]])
    context.log.info("there are %d runs", context.instance.get_runs_count())

@job
def works():
    notes()

@sensor(job=works)
def asks(context):
    done = context.instance.get_runs(RunsFilter(job_name="works", statuses=[RunStatus.SUCCESS]))
    context.instance.report_runless_asset_event(AssetMaterialization("counted", metadata={"runs": len(done)}))
    return RunRequest(run_key=str(len(done)))

@asset_sensor(asset_key=AssetKey("counted"), default_status=DefaultSensorStatus.RUNNING)
def hears(context, asset_event):
    return SkipReason(f"{asset_event.metadata['runs'].value} runs")
"""
SENSOR = """
query($name: String!) {
  sensor(by: {name: {name: $name}}) {
    id ticks(first: 20) { edges { node { skipReason reactions { edges { node { skipReason } } } } } }
  }
}
"""
TICK = """
mutation($id: ID!) { tickSensor(input: {sensorId: $id}) { tick { status error { message } } errors { message } } }
"""
RUNS = "{ runs(first: 20) { edges { node { status runKey logs { edges { node { message } } } } } } }"
SCRIPT = """
from vedette import VedetteInstance
instance = VedetteInstance.get()
print(sorted(instance.get_dynamic_partitions("noted")), instance.get_runs_count())
"""


def test_sensors_ops_and_scripts_share_an_instance(dev_server: DevServer) -> None:
    dev_server.write(PROJECT)
    dev_server.start()

    def heard() -> list[str]:
        ticks = [edge["node"] for edge in dev_server.query(SENSOR, name="hears")["sensor"]["ticks"]["edges"]]
        reactions = [edge["node"]["skipReason"] for tick in ticks for edge in tick["reactions"]["edges"]]
        return sorted(set(reactions))

    for count in range(2):
        sensor_id = wait_until(lambda: dev_server.query(SENSOR, name="asks")["sensor"], "the sensor")["id"]
        ticked = dev_server.query(TICK, id=sensor_id)["tickSensor"]
        assert (ticked["errors"], ticked["tick"]["status"]) == ([], "SUCCESS"), ticked

        def ended(count: int = count) -> bool:
            runs = [edge["node"] for edge in dev_server.query(RUNS)["runs"]["edges"]]
            return sorted(run["runKey"] for run in runs if run["status"] == "SUCCESS") == ["0", "1"][: count + 1]

        wait_until(ended, f"run {count} to end")
    wait_until(lambda: heard() == ["0 runs", "1 runs"], "the sensor to hear of what was told")
    runs = [edge["node"] for edge in dev_server.query(RUNS)["runs"]["edges"]]
    said = [line["node"]["message"] for run in runs for line in run["logs"]["edges"]]
    assert sorted(said) == ["there are 1 runs", "there are 2 runs"]
    told = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**os.environ, "VEDETTE_HOME": str(dev_server.home)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert told.stdout == "['0', '1'] 2\n"
    assert told.stderr == ""
