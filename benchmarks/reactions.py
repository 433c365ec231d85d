"""From the end of a run to the first line of the sensor that watches runs, many runs a second.

No run is executed: to execute as many would measure that instead. They are there as started by a launcher, and that
they have ended is recorded as launchers record it: their recorder, its group commit and its knock. The clock starts
before that. Each is to be shown to the sensor once, in the order of its job; anything else is an error of the
measurement.

`python -m benchmarks.reactions [--rate N] [--seconds N] [--jobs N]`
"""

import argparse
import asyncio
import time
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy import text

from benchmarks.notes import wait_until
from benchmarks.server import MeasuredServer, measured, percentile
from vedette.bus import Bus
from vedette.domain.events import RunEvent, RunEventKind
from vedette.domain.ids import new_id
from vedette.domain.runs import RunStatus
from vedette.launcher.recorder import Recorder
from vedette.storage.database import Database
from vedette.storage.embedded.postgres import EmbeddedPostgres
from vedette.storage.runs.run_updates import RunUpdate
from vedette.storage.workers import registered

SOURCE = """
import os, time
from pathlib import Path
from vedette import *

NOTES = os.open(Path(__file__).parent / "notes", os.O_WRONLY | os.O_APPEND | os.O_CREAT)

@run_status_sensor(RunStatus.SUCCESS, monitor_all_code_locations=True, default_status=DefaultSensorStatus.RUNNING)
def reacts(context):
    at = time.time()
    os.write(NOTES, f"{context.run.run_id} {at!r}\\n".encode())
"""
STARTED = text(
    """
    INSERT INTO runs (id, code_location, job_name, status, run_config, tags, on_interrupted, launcher_id, claim_epoch,
        claimed_until, started_at)
    SELECT given.id, 'project', given.job, 'STARTED', '{}', '{}', 'fail', :launcher, 1, now() + interval '1 hour', now()
    FROM unnest(CAST(:ids AS uuid[]), CAST(:jobs AS text[])) AS given(id, job)
    """
)
SETTLE_SECONDS = 60.0


@dataclass(frozen=True)
class Reactions:
    """Seconds from the end of each run to the sensor's first line, and how many runs ended a second meanwhile."""

    seconds: list[float]
    per_second: float


def measure(rate: int = 200, seconds: float = 10.0, jobs: int = 20) -> Reactions:
    """Let `rate` runs a second finish for so long, of `jobs` jobs in turn. Raises SystemExit where one is missed."""
    with measured(SOURCE) as server, server.running():
        sensor = server.sensor_id("reacts")
        begun = f'{{ sensor(by: {{id: "{sensor}"}}) {{ cursor {{ value }} }} }}'
        wait_until(lambda: server.query(begun)["sensor"]["cursor"]["value"] is not None, "the sensor's start", 60)
        ended, took = asyncio.run(_finish(server, rate, seconds, jobs))
        notes = server.folder / "notes"
        wait_until(lambda: notes.exists() and _lines(notes) >= len(ended), "reactions", SETTLE_SECONDS)
        told = [line.split() for line in notes.read_text().splitlines()]
    _hold_to_order([run for run, _ in told], {str(run): job for run, (job, _) in ended.items()})
    return Reactions([float(at) - ended[UUID(run)][1] for run, at in told], len(ended) / took)


async def _finish(
    server: MeasuredServer, rate: int, seconds: float, jobs: int
) -> tuple[dict[UUID, tuple[str, float]], float]:
    """Return of each run, in order, its job and when it ended; and the seconds it all took."""
    runs = {new_id(): f"job_{number % jobs}" for number in range(int(rate * seconds))}
    async with (
        EmbeddedPostgres(server.folder / "home") as postgres,
        Database(postgres.url) as database,
        Bus(postgres.url) as bus,
        registered(database, "LAUNCH", "benchmark", 1) as launcher,
    ):
        async with database.writing() as connection:
            started = {"ids": list(runs), "jobs": list(runs.values()), "launcher": launcher}
            await connection.execute(STARTED, started)
        recorder = Recorder(database, bus)
        recording = asyncio.create_task(recorder.run())
        ended: dict[UUID, tuple[str, float]] = {}
        began = time.perf_counter()
        async with asyncio.TaskGroup() as ending:
            for number, (run_id, job) in enumerate(runs.items()):
                await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
                ended[run_id] = job, time.time()
                ending.create_task(recorder.record(_success(run_id)))
        took = time.perf_counter() - began
        recording.cancel()
        return ended, took


def _success(run_id: UUID) -> RunUpdate:
    event = RunEvent(datetime.now(UTC), RunEventKind.RUN_SUCCESS)
    return RunUpdate(run_id=run_id, epoch=1, event_count=0, attempt=1, events=(event,), statuses=(RunStatus.SUCCESS,))


def _lines(notes: Path) -> int:
    return notes.read_text().count("\n")


def _hold_to_order(told: list[str], job_of: dict[str, str]) -> None:
    by_job: dict[str, list[str]] = defaultdict(list)
    for run in told:
        by_job[job_of[run]].append(run)
    expected: dict[str, list[str]] = defaultdict(list)
    for run, job in job_of.items():
        expected[job].append(run)
    if by_job != expected:
        raise SystemExit(f"Error: {len(told)} reactions to {len(job_of)} runs, or not in the order of their jobs.")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--jobs", type=int, default=20)
    found = measure(**vars(parser.parse_args()))
    print(
        f"{len(found.seconds)} runs at {found.per_second:.0f}/s: p50 {percentile(found.seconds, 0.5) * 1e3:.1f} ms, "
        f"p99 {percentile(found.seconds, 0.99) * 1e3:.1f} ms, worst {max(found.seconds) * 1e3:.1f} ms"
    )
