"""An evaluator that is killed: whoever follows its sensors is told that they are late, and that they are so no more."""

from contextlib import ExitStack
from pathlib import Path

from e2e.servers import free_port, wait_until
from e2e.subscriptions import Subscription, subscribe
from e2e.test_processes import asker, process

PROJECT = """
from vedette import *

@sensor(minimum_interval_seconds=0.2, max_lag=1, default_status=DefaultSensorStatus.RUNNING)
def numbers():
    return SkipReason("none")
"""
SENSORS = """
subscription { sensors { ... on SensorChanged { position sensor { condition { kind } } } } }
"""
PULSES = "subscription($ids: [ID!]!) { pulses(sensorIds: $ids) { sensor { lastTick { number repeats } } } }"
# From when the sensor is later than it may be until it is told: a look a second, on a busy machine.
SECONDS = 10.0


def until(told: Subscription, kind: str) -> None:
    """Wait until the sensor is told to be in a condition."""
    while told.next(SECONDS)["sensors"]["sensor"]["condition"]["kind"] != kind:
        pass


def repeats(told: Subscription) -> int:
    return int(told.next(SECONDS)["pulses"]["sensor"]["lastTick"]["repeats"])


def test_a_watcher_hears_of_a_killed_evaluator_and_of_its_successor(database_url: str, tmp_path: Path) -> None:
    target, log = tmp_path / "project.py", tmp_path / "log.txt"
    target.write_text(PROJECT)
    port = str(free_port())
    environ = {"VEDETTE_DATABASE_URL": database_url, "VEDETTE_LEASE_SECONDS": "2", "VEDETTE_PORT": port}
    url = f"http://127.0.0.1:{port}/graphql"
    with ExitStack() as stack:
        # Nothing that it tells is found by looking for what knocks did not announce.
        stack.enter_context(process(log, "serve", **environ, VEDETTE_POLL_SECONDS="600"))
        wait_until(asker(port, "{ instance { version } }"), "the server")
        told = stack.enter_context(subscribe(url, SENSORS))
        evaluator = stack.enter_context(process(log, "evaluate", str(target), **environ))
        ask = asker(port, '{ sensor(by: {name: {name: "numbers"}}) { id lastTick { repeats } } }')
        wait_until(lambda: ((ask()["sensor"] or {}).get("lastTick") or {}).get("repeats"), "a repeat")
        pulse = stack.enter_context(subscribe(url, PULSES, ids=[ask()["sensor"]["id"]]))
        first = repeats(pulse)
        assert repeats(pulse) > first
        evaluator.kill()
        until(told, "OVERDUE")
        stack.enter_context(process(log, "evaluate", str(target), **environ))
        until(told, "WAITING")
