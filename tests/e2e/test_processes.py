"""`serve`, `evaluate` and `launch` as processes of their own against one database."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from e2e.servers import free_port, wait_until
from integration.evaluator.stage import Row, Stage, until
from vedette.storage.database import Database

PROJECT = """
from vedette import *

@op
def greet():
    pass

@job
def greets():
    greet()

@sensor(job=greets, minimum_interval_seconds=0.2, default_status=DefaultSensorStatus.RUNNING)
def numbers(context):
    number = int(context.cursor or 0) + 1
    context.update_cursor(str(number))
    return RunRequest(run_key=str(number))
"""
STATE = """
{
  sensor(by: {name: {name: "numbers"}}) { cursor { value } }
  runs(first: 100) { edges { node { status runKey } } }
  instance { workers { role healthy } }
}
"""


@contextmanager
def process(log: Path, *words: str, **environ: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run the command line until the block ends; then it must stop on TERM with exit code 0."""
    with log.open("ab") as output:
        running = subprocess.Popen(
            [sys.executable, "-m", "vedette.cli", *words],
            stdout=output,
            stderr=output,
            env={**os.environ, **environ},
            start_new_session=True,
        )
    try:
        yield running
        running.send_signal(signal.SIGTERM)
        assert running.wait(30) in (0, -signal.SIGKILL), log.read_text()
    finally:
        running.kill()
        running.wait(10)


def asker(port: str, document: str = STATE) -> Callable[[], Any]:
    """Return a function that asks the server on `port` for its state; None while it does not answer."""

    def state() -> Any:
        try:
            answer = httpx.post(f"http://127.0.0.1:{port}/graphql", json={"query": document}, timeout=30).json()
        except httpx.TransportError:
            return None
        assert "errors" not in answer, answer
        return answer["data"]

    return state


def succeeded(state: Any) -> int:
    return [edge["node"]["status"] for edge in state["runs"]["edges"]].count("SUCCESS") if state else 0


def test_three_parts_work_as_processes_of_their_own_and_survive_a_kill_of_each(
    database_url: str, tmp_path: Path
) -> None:
    (tmp_path / "project.py").write_text(PROJECT)
    target, log = str(tmp_path / "project.py"), tmp_path / "log.txt"
    environ = {"VEDETTE_DATABASE_URL": database_url, "VEDETTE_LEASE_SECONDS": "3", "VEDETTE_POLL_SECONDS": "1"}
    environ["VEDETTE_PORT"] = str(free_port())
    state = asker(environ["VEDETTE_PORT"])
    with ExitStack() as stack:
        stack.enter_context(process(log, "serve", **environ))
        evaluator = stack.enter_context(process(log, "evaluate", target, **environ))
        launcher = stack.enter_context(process(log, "launch", target, **environ))
        wait_until(lambda: succeeded(state()) >= 3, "three runs", 30)
        roles = {worker["role"] for worker in state()["instance"]["workers"] if worker["healthy"]}
        assert roles == {"SERVE", "EVALUATE", "LAUNCH"}

        stack.enter_context(process(log, "evaluate", target, **environ))
        stack.enter_context(process(log, "launch", target, **environ))
        evaluator.kill()
        launcher.kill()
        before = int(state()["sensor"]["cursor"]["value"])
        wait_until(lambda: int(state()["sensor"]["cursor"]["value"]) >= before + 5, "the successor to go on", 30)

    keys = sorted(int(edge["node"]["runKey"]) for edge in state_runs(database_url, tmp_path))
    assert keys == list(range(1, len(keys) + 1)), "a run key was lost or doubled"


def state_runs(database_url: str, folder: Path) -> list[Any]:
    """Return all runs, asked from a server that was started after the others had ended."""
    port = str(free_port())
    state = asker(port)
    with process(folder / "log.txt", "serve", VEDETTE_DATABASE_URL=database_url, VEDETTE_PORT=port):
        answer = wait_until(state, "an answer")
        return list(answer["runs"]["edges"])


EVALUATED = """
from itertools import count
from time import sleep
from vedette import *

def make(number):
    looks = count()

    @sensor(name=f"sensor_{number}", minimum_interval_seconds=0.1, default_status=DefaultSensorStatus.RUNNING)
    def looks_often():
        sleep(0.02)
        return SkipReason(f"Look {next(looks)}.")
    return looks_often

defs = Definitions(sensors=[make(number) for number in range(40)])
"""
LEASE_SECONDS = 3
# Per shard with sensors: its epoch, its holder's pid, and how many of its sensors' ticks bear that epoch.
SHARDS = """
SELECT leases.name, leases.epoch, workers.pid, count(ticks.id) AS ticks FROM leases
JOIN workers ON workers.id = leases.holder JOIN sensors ON 'sensors/' || sensors.shard = leases.name
LEFT JOIN ticks ON ticks.sensor_id = sensors.id AND ticks.epoch = leases.epoch GROUP BY 1, 2, 3
"""
TICKS = """
SELECT ticks.id, ticks.status, ticks.finished_at, ticks.epoch, 'sensors/' || shard AS name FROM ticks
JOIN sensors ON sensors.id = sensor_id ORDER BY ticks.id
"""


class Evaluators:
    """Processes `evaluate` of forty sensors over one database, and what it says of them."""

    def __init__(self, database: Database, folder: Path) -> None:
        (folder / "project.py").write_text(EVALUATED)
        self.stage = Stage(database)
        self._folder = folder

    def start(self) -> AbstractContextManager["subprocess.Popen[bytes]"]:
        environ = {"VEDETTE_DATABASE_URL": self.stage.database.url, "VEDETTE_LEASE_SECONDS": str(LEASE_SECONDS)}
        return process(self._folder / "log.txt", "evaluate", str(self._folder / "project.py"), **environ)

    async def until_held_by(self, *processes: "subprocess.Popen[bytes]") -> list[Row]:
        """Wait until each shard with sensors is held by one of these, each has some, and all of them tick."""

        async def held() -> list[Row]:
            shards = await self.stage.rows(SHARDS)
            pids = {row["pid"] for row in shards if row["ticks"]}
            all_tick = len(shards) > 8 and all(row["ticks"] for row in shards)
            return shards if all_tick and pids == {one.pid for one in processes} else []

        return await until(held, within=60.0)


async def test_an_evaluator_that_is_killed_is_replaced_within_its_lease_and_a_second(
    database: Database, tmp_path: Path
) -> None:
    evaluators = Evaluators(database, tmp_path)
    with evaluators.start() as first, evaluators.start() as second:
        await evaluators.until_held_by(first, second)
        first.kill()
        killed = await database.now()
        await evaluators.until_held_by(second)
    gaps = await evaluators.stage.rows(
        """SELECT min(started_at) - :killed AS gap FROM ticks WHERE started_at > :killed AND status = 'SKIPPED'
        GROUP BY sensor_id""",
        killed=killed,
    )
    assert len(gaps) == 40
    assert max(row["gap"] for row in gaps) < timedelta(seconds=LEASE_SECONDS + 1)


async def test_an_evaluator_that_was_stopped_and_wakes_writes_nothing_that_it_had_begun(
    database: Database, tmp_path: Path
) -> None:
    evaluators = Evaluators(database, tmp_path)
    with evaluators.start() as sleeper:
        before = {row["name"]: row["epoch"] for row in await evaluators.until_held_by(sleeper)}
        sleeper.send_signal(signal.SIGSTOP)
        with evaluators.start() as successor:
            await evaluators.until_held_by(successor)

            async def of_old() -> list[Row]:
                ticks = await evaluators.stage.rows(TICKS)
                return [tick for tick in ticks if tick["epoch"] <= before[tick["name"]]]

            left = await of_old()
            sleeper.send_signal(signal.SIGCONT)
            # It works again, under new epochs: by then it has tried, or dropped, all that it had begun.
            await evaluators.until_held_by(sleeper, successor)
            assert await of_old() == left
    assert {tick["status"] for tick in left} <= {"SKIPPED", "FAILURE"}
