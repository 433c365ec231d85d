"""From the commit by which a run has finished to the first line of the sensor that watches runs, many runs a second.

The runs are written as finished, in transactions of their own: to execute as many would measure that instead. Each is
to be shown to the sensor once, in the order of its job; anything else is an error of the measurement.

`python -m benchmarks.reactions [--rate N] [--seconds N] [--jobs N]`
"""

import argparse
import asyncio
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from sqlalchemy import text

from benchmarks.notes import wait_until
from benchmarks.server import MeasuredServer, measured, percentile
from vedette.bus import Bus
from vedette.bus.topics import RUNS
from vedette.domain.ids import new_id
from vedette.storage import streams
from vedette.storage.database import Database
from vedette.storage.embedded import EmbeddedPostgres

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
FINISHED = text(
    """
    INSERT INTO runs (id, code_location, job_name, status, run_config, tags, on_interrupted, finished_at)
    VALUES (:id, 'project', :job, 'SUCCESS', '{}', '{}', 'fail', now())
    """
)
SETTLE_SECONDS = 60.0


@dataclass(frozen=True)
class Reactions:
    """Seconds from each commit to the sensor's first line, and how many runs finished a second meanwhile."""

    seconds: list[float]
    per_second: float


def measure(rate: int = 200, seconds: float = 10.0, jobs: int = 20) -> Reactions:
    """Let `rate` runs a second finish for so long, of `jobs` jobs in turn. Raises SystemExit where one is missed."""
    with measured(SOURCE) as server, server.running():
        sensor = server.sensor_id("reacts")
        begun = f'{{ sensor(by: {{id: "{sensor}"}}) {{ cursor {{ value }} }} }}'
        wait_until(lambda: server.query(begun)["sensor"]["cursor"]["value"] is not None, "the sensor's start", 60)
        committed, took = asyncio.run(_finish(server, rate, seconds, jobs))
        notes = server.folder / "notes"
        wait_until(lambda: notes.exists() and _lines(notes) >= len(committed), "reactions", SETTLE_SECONDS)
        told = [line.split() for line in notes.read_text().splitlines()]
    _hold_to_order([run for run, _ in told], {str(run): job for run, (job, _) in committed.items()})
    return Reactions([float(at) - committed[UUID(run)][1] for run, at in told], len(committed) / took)


async def _finish(
    server: MeasuredServer, rate: int, seconds: float, jobs: int
) -> tuple[dict[UUID, tuple[str, float]], float]:
    """Return of each run, in order, its job and when its commit was sent; and the seconds it all took."""
    committed: dict[UUID, tuple[str, float]] = {}
    async with (
        EmbeddedPostgres(server.folder / "home") as postgres,
        Database(postgres.url) as database,
        Bus(postgres.url) as bus,
    ):
        began = time.perf_counter()
        for number in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
            run_id, job = new_id(), f"job_{number % jobs}"
            async with database.writing() as connection:
                await connection.execute(FINISHED, {"id": run_id, "job": job})
                await streams.append_runs(connection, [(run_id, "SUCCESS")])
                committed[run_id] = job, time.time()
            bus.knock(RUNS)
        return committed, time.perf_counter() - began


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
