"""Run keys with a scope while two evaluators and two launchers work, and one of each is killed."""

import itertools
from contextlib import ExitStack
from pathlib import Path

from e2e.test_processes import process
from integration.evaluator.stage import Row, Stage, until
from vedette.storage.database import Database

PROJECT = """
import time
from pathlib import Path
from vedette import *

TRIES = Path({tries!r})

@op
def work():
    time.sleep(0.02)

@job
def works():
    work()

@op
def try_again():
    with TRIES.open("a") as file:
        file.write("x")
    if len(TRIES.read_text()) < 4:
        raise RuntimeError("not yet")

@job
def tries():
    try_again()

ALWAYS = dict(minimum_interval_seconds=0.05, default_status=DefaultSensorStatus.RUNNING)

@sensor(job=works, **ALWAYS)
def one_at_a_time():
    return RunRequest("k", dedup="while_active")

@sensor(job=tries, **ALWAYS)
def until_it_works():
    return RunRequest("k", dedup="until_success")
"""
# When each run was queued and when it had ended, in the order of the commits.
LIVES = """
    SELECT runs.id, runs.status, min(run_changes.position) AS queued,
        max(run_changes.position) FILTER (WHERE run_changes.status IN ('SUCCESS', 'FAILURE', 'CANCELED')) AS ended
    FROM runs JOIN run_changes ON run_changes.run_id = runs.id
    WHERE runs.job_name = :job GROUP BY runs.id, runs.status ORDER BY queued
"""


async def test_no_two_runs_hold_a_key_and_a_key_that_failed_is_tried_again(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    (tmp_path / "project.py").write_text(PROJECT.format(tries=str(tmp_path / "tries")))
    target, log = str(tmp_path / "project.py"), tmp_path / "log.txt"
    environ = {"VEDETTE_DATABASE_URL": database_url, "VEDETTE_LEASE_SECONDS": "3", "VEDETTE_POLL_SECONDS": "0.5"}
    stage = Stage(database)

    async def lives(job: str) -> list[Row]:
        return await stage.rows(LIVES, job=job)

    async def at_least(count: int) -> bool:
        return len(await lives("works")) >= count

    with ExitStack() as stack:
        evaluators = [stack.enter_context(process(log, "evaluate", target, **environ)) for _ in range(2)]
        launchers = [stack.enter_context(process(log, "launch", target, **environ)) for _ in range(2)]
        await until(lambda: at_least(5), 60)
        evaluators[0].kill()
        launchers[0].kill()
        before = len(await lives("works"))
        await until(lambda: at_least(before + 5), 60)

        async def has_worked() -> bool:
            return any(run["status"] == "SUCCESS" for run in await lives("tries"))

        await until(has_worked, 60)
        asked = len(await lives("works"))
        await until(lambda: at_least(asked + 3), 60)
    tried = [run["status"] for run in await lives("tries")]
    assert tried[-1] == "SUCCESS"
    assert set(tried[:-1]) == {"FAILURE"}
    assert len(tried) >= 4
    for job in ("works", "tries"):
        for earlier, later in itertools.pairwise(await lives(job)):
            assert earlier["ended"] is not None, "two runs held the key at a time"
            assert earlier["ended"] < later["queued"], "two runs held the key at a time"
