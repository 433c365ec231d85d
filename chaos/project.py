"""The project that is put through faults: sensors whose events are known, ops that write to a ledger of their own.

Events are lines of CHAOS_FOLDER/events/<sensor>. Half of the sensors rely on their cursor alone, half on run keys,
with overlapping readings. The ledger is a file that ops append to, the pulse one that sensors do; nothing of Vedette
reads or writes them.
"""

import os
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from vedette import (
    Config,
    DefaultSensorStatus,
    Definitions,
    OpExecutionContext,
    RunRequest,
    SensorDefinition,
    SensorEvaluationContext,
    job,
    op,
    sensor,
)

sys.path.insert(0, str(Path(__file__).parents[1]))

from chaos.events import SENSORS

FOLDER = Path(os.environ["CHAOS_FOLDER"])
# A reading of the sensors with run keys begins this many events before the cursor.
OVERLAP = 20
# Longer than `started_after_seconds`: such ticks are shown as STARTED, and leave orphans when they are cut off.
SLOW_SECONDS = 0.3
OP_SECONDS = 0.02
# An op that lasts longer shows this often that it is at work, and where.
BEAT_SECONDS = 0.2


class Event(Config):
    """Which event a run is for, and for how long it works."""

    name: str
    seconds: float = OP_SECONDS


def append(file: str, line: str) -> None:
    """Append one line to a file of the trial, in one write."""
    descriptor = os.open(FOLDER / file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, f"{line}\n".encode())
    os.close(descriptor)


@op
def handle(context: OpExecutionContext, config: Event) -> None:
    """Tell the ledger of its begin and its end."""
    append("ledger", f"begin {config.name} {context.attempt}")
    ends_at = time.monotonic() + config.seconds
    while (left := ends_at - time.monotonic()) > 0:
        time.sleep(min(left, BEAT_SECONDS))
        if config.seconds > BEAT_SECONDS:
            append("beats", f"{config.name} {context.attempt} {socket.gethostname()} {time.time():.3f}")
    append("ledger", f"end {config.name} {context.attempt}")


@job(on_interrupted="fail")
def once() -> None:
    """Runs cut off are FAILURE."""
    handle()


@job(on_interrupted="retry")
def again() -> None:
    """Runs cut off are run again as the next attempt."""
    handle()


def read_events(name: str) -> list[str]:
    """Return the events so far; a line that is being written is not one yet."""
    path = FOLDER / "events" / name
    text = path.read_text() if path.exists() else ""
    return text[: text.rfind("\n") + 1].splitlines()


def request(event: str, key: str | None) -> RunRequest:
    """Ask for the run of an event; odd and even ones have different jobs."""
    name = "once" if int(event.rpartition("-")[2]) % 2 else "again"
    config = {"ops": {"handle": {"config": {"name": event}}}}
    return RunRequest(run_key=key, job_name=name, run_config=config, tags={"event": event})


def by_cursor(context: SensorEvaluationContext, name: str) -> Iterator[RunRequest]:
    """Ask for the events after the cursor, without keys."""
    events = read_events(name)
    for event in events[int(context.cursor or 0) :]:
        yield request(event, None)
    context.update_cursor(str(len(events)))


def by_key(context: SensorEvaluationContext, name: str) -> Iterator[RunRequest]:
    """Ask for the events after the cursor and some before it, with keys."""
    events = read_events(name)
    for event in events[max(0, int(context.cursor or 0) - OVERLAP) :]:
        yield request(event, event)
    context.update_cursor(str(len(events)))


def make_sensor(name: str) -> SensorDefinition:
    """Make the sensor of that name."""

    def evaluate(context: SensorEvaluationContext) -> Iterator[RunRequest]:
        append("pulse", f"{name} {time.time():.3f}")
        if "slow" in name:
            time.sleep(SLOW_SECONDS)
        yield from (by_cursor if "cursor" in name else by_key)(context, name)

    return sensor(
        name=name, jobs=[once, again], minimum_interval_seconds=0.4, default_status=DefaultSensorStatus.RUNNING
    )(evaluate)


defs = Definitions(jobs=[once, again], sensors=[make_sensor(name) for name in SENSORS])
