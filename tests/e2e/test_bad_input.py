"""Sensors that misbehave: each ends as a FAILURE that says why, and every other sensor goes on on time."""

import itertools
from datetime import datetime
from typing import Any

import pytest

from e2e.servers import DevServer, wait_until

PROJECT = """
import ctypes, os, re, sys, threading, time
from vedette import *

class NameConfig(Config):
    name: str

@op
def greet(config: NameConfig):
    pass

@job
def greets():
    greet()

def on(**options):
    return sensor(minimum_interval_seconds=0.3, default_status=DefaultSensorStatus.RUNNING, **options)

@on()
def innocent(context):
    context.update_cursor(str(int(context.cursor or 0) + 1))

@on()
async def async_innocent(context):
    context.update_cursor(str(int(context.cursor or 0) + 1))

@on(job=greets)
def culprit(context):
    if False:
        yield
    context.update_cursor("moved")
    {body}
"""

CULPRITS = {
    "raises": ('raise ValueError("no such table: orders")', ["ValueError", "no such table: orders"]),
    "loops": ("while True: pass", ["timeout"]),
    "blocks in C": ("time.sleep(3600)", ["timeout"]),
    "blocks in C and holds the GIL": ('re.match(r"(a+)+$", "a" * 40 + "b")', ["timeout"]),
    "exits": ("os._exit(3)", ["exited", "3"]),
    "raises SystemExit": ("sys.exit(4)", ["exit", "4"]),
    "segfaults": ("ctypes.string_at(0)", ["SIGSEGV"]),
    "eats memory": ("hoard = [bytearray(1 << 24) for _ in range(10_000)]", ["memory"]),
    "yields nonsense": ("yield 42", ["42"]),
    "names an unknown job": ('yield RunRequest(job_name="nowhere", run_key="k")', ["nowhere", "greets"]),
    "gives a config that the job refuses": (
        'yield RunRequest(run_key="k", run_config={"ops": {"greet": {"config": {"nom": 1}}}})',
        ["greet", "name"],
    ),
    "sets an unserialisable cursor": ("context.update_cursor({1, 2})", ["cursor", "str"]),
    "one bad request among good ones": (
        (
            'yield RunRequest(run_key="good", run_config={"ops": {"greet": {"config": {"name": "a"}}}})\n'
            '    yield RunRequest(run_key="bad", run_config={"ops": {}})'
        ),
        ["bad"],
    ),
}

SENSOR = """
query($name: String!) { sensor(by: {name: {name: $name}}) {
  cursor { value version } consecutiveFailures
  ticks(first: 20) { edges { node { number status startedAt error { type message } } } }
  runs { edges { node { id } } }
} }
"""


def look(server: DevServer, name: str) -> Any:
    return server.query(SENSOR, name=name)["sensor"]


@pytest.mark.parametrize("case", CULPRITS)
def test_a_bad_sensor_fails_clearly_and_harms_nobody(dev_server: DevServer, case: str) -> None:
    body, words = CULPRITS[case]
    timeout = "timeout=1.5, " if "timeout" in words else ""
    dev_server.write(PROJECT.replace("{body}", body).replace("@on(job=greets)", f"@on({timeout}job=greets)"))
    dev_server.start(VEDETTE_HOST_MEMORY_MB="512")

    def failed() -> Any:
        sensor = look(dev_server, "culprit")
        return sensor if sensor and sensor["consecutiveFailures"] >= 2 else None

    culprit = wait_until(failed, f"two failures of the sensor that {case}", 60)

    failures = [edge["node"] for edge in culprit["ticks"]["edges"] if edge["node"]["status"] == "FAILURE"]
    message = f"{failures[0]['error']['type']}: {failures[0]['error']['message']}"
    for word in words:
        assert word.lower() in message.lower()
    assert culprit["cursor"] == {"value": None, "version": 0}
    assert culprit["runs"]["edges"] == []
    for name in ("innocent", "async_innocent"):
        assert_on_time(wait_for_ticks(dev_server, name, 3))


def wait_for_ticks(server: DevServer, name: str, count: int) -> Any:
    """Return the sensor once it has `count` ticks."""

    def ticked() -> Any:
        sensor = look(server, name)
        return sensor if len(sensor["ticks"]["edges"]) >= count else None

    return wait_until(ticked, f"{count} ticks of {name}")


def assert_on_time(sensor: Any) -> None:
    """Check that none of its ticks, one each 0.3 s, failed or was later than a stalled host is replaced (2 s)."""
    ticks = [edge["node"] for edge in sensor["ticks"]["edges"]]
    assert {tick["status"] for tick in ticks} <= {"SKIPPED", "STARTED"}
    times = sorted(datetime.fromisoformat(tick["startedAt"]) for tick in ticks)
    gaps = [(later - earlier).total_seconds() for earlier, later in itertools.pairwise(times)]
    assert max(gaps) < 3.0, gaps
