"""Through SIGKILL of everything, the database included: every file gets exactly one run."""

import collections
import shutil
from pathlib import Path
from typing import Any

import pytest

from e2e.servers import DevServer, wait_until

FILES = 1_000

PROJECT = """
import json, os, time
from pathlib import Path
from vedette import *

INBOX = Path({inbox!r})
LEDGER = {ledger!r}

class FileConfig(Config):
    name: str

def note(word, name, attempt):
    line = f"{{word}} {{name}} {{attempt}}\\n".encode()
    descriptor = os.open(LEDGER, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, line)
    os.close(descriptor)

@op
def process(context: OpExecutionContext, config: FileConfig):
    note("begin", config.name, context.attempt)
    time.sleep(0.01)
    note("end", config.name, context.attempt)

@job(on_interrupted={on_interrupted!r})
def process_file():
    process()

@sensor(job=process_file, minimum_interval_seconds=0.2, default_status=DefaultSensorStatus.RUNNING)
def new_files(context):
    seen = set(json.loads(context.cursor or "[]"))
    names = {{path.name for path in INBOX.iterdir()}}
    for name in sorted(names - seen):
        yield RunRequest(run_key=name, run_config={{"ops": {{"process": {{"config": {{"name": name}}}}}}}})
    context.update_cursor(json.dumps(sorted(names)))
"""

RUNS = """
query($after: String) {
  runs(first: 100, after: $after) {
    edges { node { id status runKey attempt error { message } } } pageInfo { hasNextPage endCursor }
  }
}
"""
OPEN = """
{
  waiting: runs(first: 1, filter: {status: [QUEUED, STARTING, STARTED, CANCELING]}) { edges { node { id } } }
  started: ticks(first: 1, filter: {status: [STARTED]}) { edges { node { id } } }
}
"""


def write_project(server: DevServer, tmp_path: Path, on_interrupted: str) -> tuple[Path, Path]:
    """Write the project; return its inbox and its ledger."""
    inbox, ledger = tmp_path / "inbox", tmp_path / "ledger.txt"
    inbox.mkdir()
    server.write(PROJECT.format(inbox=str(inbox), ledger=str(ledger), on_interrupted=on_interrupted))
    return inbox, ledger


def copy_files(inbox: Path, source: Path, numbers: range) -> None:
    """Copy the files of `numbers` into `inbox`, each at once under its name."""
    for number in numbers:
        source.write_text(f"words of file {number}")
        shutil.copy(source, inbox / f"file-{number:04}.txt")


def begun(ledger: Path) -> int:
    """Return how many ops have begun so far."""
    return ledger.read_text().count("begin") if ledger.exists() else 0


def wait_for_ops(ledger: Path, goal: int) -> None:
    """Return when `goal` ops have begun."""
    wait_until(lambda: begun(ledger) >= goal, f"{goal} ops to begin", 120)


def drive_through_kills(server: DevServer, inbox: Path, ledger: Path, source: Path) -> list[Any]:
    """Copy all files while the tree is killed three times, once per quarter of the work; return all runs at the end."""
    server.start("--slots", "8")
    for quarter in range(4):
        copy_files(inbox, source, range(quarter * FILES // 4, (quarter + 1) * FILES // 4))
        if quarter == 3:
            break
        goal = quarter * FILES // 4 + FILES // 10
        wait_for_ops(ledger, goal)
        server.kill_tree()
        server.start("--slots", "8")

    def is_idle() -> bool:
        answer = server.query(OPEN)
        counted = begun(ledger) >= FILES - 3 * 8
        return counted and not answer["waiting"]["edges"] and not answer["started"]["edges"]

    wait_until(is_idle, "the end of all runs and ticks", 240)
    return list(server.pages(RUNS, "runs"))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_file_gets_exactly_one_run_through_three_kills_of_the_whole_tree(
    dev_server: DevServer, tmp_path: Path
) -> None:
    inbox, ledger = write_project(dev_server, tmp_path, "fail")

    runs = drive_through_kills(dev_server, inbox, ledger, tmp_path / "source.txt")

    keys = collections.Counter(run["runKey"] for run in runs)
    assert keys == dict.fromkeys((f"file-{number:04}.txt" for number in range(FILES)), 1)
    words = collections.Counter(line.split()[0] + " " + line.split()[1] for line in ledger.read_text().splitlines())
    assert set(words.values()) == {1}, "an op ran twice"
    failed = [run for run in runs if run["status"] != "SUCCESS"]
    for run in failed:
        assert run["status"] == "FAILURE"
        assert "interrupted" in run["error"]["message"]
    for run in runs:
        if run["status"] == "SUCCESS":
            assert words[f"begin {run['runKey']}"] == words[f"end {run['runKey']}"] == 1
    assert len(failed) <= 3 * 8, "only runs that held a slot at a kill may fail"


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_runs_of_a_job_that_says_retry_are_run_again_as_a_next_attempt(dev_server: DevServer, tmp_path: Path) -> None:
    inbox, ledger = write_project(dev_server, tmp_path, "retry")

    runs = drive_through_kills(dev_server, inbox, ledger, tmp_path / "source.txt")

    assert sorted(run["runKey"] for run in runs) == [f"file-{number:04}.txt" for number in range(FILES)]
    assert {run["status"] for run in runs} == {"SUCCESS"}
    attempts = {run["runKey"]: run["attempt"] for run in runs}
    lines = [line.split() for line in ledger.read_text().splitlines()]
    assert all(int(attempt) <= attempts[name] for _, name, attempt in lines)
    assert max(collections.Counter(tuple(line) for line in lines).values()) == 1, "an attempt ran twice"
    ended = {name for word, name, attempt in lines if word == "end" and int(attempt) == attempts[name]}
    assert ended == set(attempts)
