"""A sensor that fails backs off and says so; its file mended, it is tried at once, by itself."""

import time
from typing import Any

import httpx

from e2e.servers import DevServer, wait_until

PROJECT = """
from vedette import *
from shelf import look

@sensor(minimum_interval_seconds=5, default_status=DefaultSensorStatus.RUNNING)
def watcher(context):
    return SkipReason(look())

@sensor(minimum_interval_seconds=0.2, default_status=DefaultSensorStatus.RUNNING)
def limited(context):
    raise RetryAfter(3600, "429 from the shop.")
"""
BROKEN = "def look():\n    raise FileNotFoundError('no such shelf')\n"
MENDED = "def look():\n    return 'mended'\n"
SENSOR = """
query($name: String!) { sensor(by: {name: {name: $name}}) {
  status consecutiveFailures nextTickAt condition { kind until message }
  lastTick { status skipReason error { type message } } ticks(first: 9) { edges { node { status } } }
} }
"""


def sensor(server: DevServer, name: str) -> Any:
    return server.query(SENSOR, name=name)["sensor"]


def has_failed(server: DevServer, name: str, times: int) -> Any:
    seen = sensor(server, name)
    return (
        seen if seen and seen["consecutiveFailures"] >= times and seen["condition"]["kind"] == "BACKING_OFF" else None
    )


def test_a_failing_sensor_backs_off_and_recovers_at_once_when_its_file_is_mended(dev_server: DevServer) -> None:
    shelf = dev_server.project / "shelf.py"
    shelf.write_text(BROKEN)
    dev_server.write(PROJECT)
    dev_server.start()
    limited = wait_until(lambda: has_failed(dev_server, "limited", 1), "the back-off that was asked for")
    seen = wait_until(lambda: has_failed(dev_server, "watcher", 2), "two failures and a back-off")
    assert seen["condition"]["message"].startswith(
        f"It failed {seen['consecutiveFailures']} times in a row, the last: FileNotFoundError: no such shelf"
    )
    assert seen["condition"]["until"] == seen["nextTickAt"]
    assert limited["lastTick"]["error"]["type"] == "RetryAfter"
    assert len(limited["ticks"]["edges"]) == 1

    # At least 8 s to wait by now; the module that it imports is mended, nothing that defines the sensor.
    mended_at = time.monotonic()
    shelf.write_text(MENDED)
    wait_until(lambda: sensor(dev_server, "watcher")["consecutiveFailures"] == 0, "the reload to end the back-off")
    seen = wait_until(
        lambda: (one := sensor(dev_server, "watcher"))["lastTick"]["skipReason"] == "mended" and one, "a tick"
    )
    assert time.monotonic() - mended_at < 5
    assert (seen["status"], seen["consecutiveFailures"]) == ("RUNNING", 0)

    # The other one lives in the same project: it was tried as well, and asked for its hour again.
    limited = wait_until(lambda: has_failed(dev_server, "limited", 1), "the back-off that was asked for again")
    assert len(limited["ticks"]["edges"]) == 2
    ready = httpx.get(dev_server.url.replace("/graphql", "/readyz"))
    assert (ready.status_code, ready.json()["status"]) == (200, "ready")


def test_a_paused_sensor_starts_by_itself_once_it_does_not_fail(dev_server: DevServer) -> None:
    shelf = dev_server.project / "shelf.txt"
    dev_server.write(f"""
from pathlib import Path
from vedette import *

@sensor(minimum_interval_seconds=0.1, failures_before_pause=2, default_status=DefaultSensorStatus.RUNNING)
def watcher(context):
    return SkipReason(Path({str(shelf)!r}).read_text())
""")
    dev_server.start(VEDETTE_BACKOFF_CEILING_SECONDS="1")
    wait_until(lambda: (one := sensor(dev_server, "watcher")) and one["status"] == "STOPPED", "the pause")
    dev_server.kill_tree()
    dev_server.start(VEDETTE_BACKOFF_CEILING_SECONDS="1")
    paused = sensor(dev_server, "watcher")
    assert paused["status"] == "STOPPED"
    assert "Paused after 2 failures in a row, the last: FileNotFoundError" in paused["condition"]["message"]
    shelf.write_text("there")
    wait_until(lambda: sensor(dev_server, "watcher")["status"] == "RUNNING", "the sensor to start by itself")
    assert sensor(dev_server, "watcher")["lastTick"]["skipReason"] == "there"
