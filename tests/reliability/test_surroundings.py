"""What fails around the processes, and several of them at once: the database, NOTIFY, answers, launchers in a row."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from anyio.from_thread import BlockingPortal
from chaos.processes import Process, wait_until
from chaos.trial import Trial

from vedette.storage.embedded.postgres import EmbeddedPostgres
from vedette.storage.migrations.migrating import migrate

STUCK_SECONDS = 15.0

SENSORS = (
    '{ sensors(first: 1, filter: {nameContains: "key_quick_0"}) { edges { node { id cursor { value version } } } } }'
)
EDIT = """
mutation($id: ID!, $cursor: String, $version: Int) {
  setSensorCursor(input: {sensorId: $id, cursor: $cursor, expectedVersion: $version}) { errors { message } }
}
"""


pytestmark = pytest.mark.skipif("SURROUNDINGS" not in os.environ, reason="`make reliability` runs it")


@pytest.fixture
def fresh(tmp_path: Path, database_url: str) -> Iterator[Trial]:
    """One server and its dashboards over a database of the test's own."""
    with Trial(tmp_path, database_url) as trial:
        yield trial


def assert_sound(trial: Trial) -> None:
    trial.settle(STUCK_SECONDS)
    assert trial.verdict().problems == []


@pytest.mark.slow
def test_with_every_notify_lost_all_is_found_by_looking(fresh: Trial) -> None:
    fresh.start("evaluate", "launch", faults="NOTIFY=drop@*")
    fresh.events.start()
    time.sleep(3)
    assert_sound(fresh)


@pytest.mark.slow
def test_every_tenth_commit_says_that_it_timed_out(fresh: Trial) -> None:
    fresh.start("evaluate", "evaluate", faults="COMMITTED=timeout%10,COMMIT=error%5")
    fresh.start("launch", "launch", faults="COMMITTED=timeout%10,COMMIT=timeout%5")
    fresh.events.start()
    time.sleep(6)
    assert_sound(fresh)


@pytest.mark.slow
def test_a_rolling_restart_of_three_evaluators_and_two_launchers_loses_and_interrupts_nothing(fresh: Trial) -> None:
    fresh.events.start()
    for process in fresh.start("evaluate", "evaluate", "evaluate", "launch", "launch"):
        [_] = fresh.start(process.role)
        assert process.terminate() == 0, process.log.read_text()
    fresh.settle(STUCK_SECONDS)
    verdict = fresh.verdict()
    assert verdict.problems == []
    assert verdict.interrupted == 0


@pytest.mark.slow
def test_a_launcher_that_dies_while_it_rescues_is_followed_by_the_next(fresh: Trial) -> None:
    fresh.start("evaluate")
    fresh.events.start()
    [first] = fresh.start("launch", faults="START_COMMITTED=kill@4")
    wait_until(lambda: not first.is_alive, "the first launcher to die", 40)
    [second] = fresh.start("launch", faults="RESCUE_TAKEN_OVER=kill")
    wait_until(lambda: not second.is_alive, "the second launcher to die", 40)
    fresh.start("launch")
    assert_sound(fresh)


@pytest.mark.slow
@pytest.mark.parametrize("point", ["CURSOR_EDIT", "CURSOR_EDITED"])
def test_an_edit_of_a_cursor_that_was_cut_off_happened_once_or_not_at_all(fresh: Trial, point: str) -> None:
    fresh.start("evaluate", "launch")
    fresh.events.start()
    [dying, living] = fresh.start("serve", faults=f"{point}=kill") + fresh.start("serve")
    time.sleep(2)
    sensor = ask(living, SENSORS)["sensors"]["edges"][0]["node"]
    back = str(max(0, int(sensor["cursor"]["value"] or 0) - 3))

    with pytest.raises(httpx.TransportError):
        ask(dying, EDIT, id=sensor["id"], cursor=back, version=None)

    assert_sound(fresh)


@pytest.mark.slow
def test_postgres_is_killed_three_times_under_load(tmp_path: Path, portal: BlockingPortal) -> None:
    home = tmp_path / "home"
    with portal.wrap_async_context_manager(EmbeddedPostgres(home, {"max_connections": "200"})) as postgres:
        portal.call(migrate, postgres.url)
        folder = tmp_path / "trial"
        folder.mkdir()
        with Trial(folder, postgres.url) as trial:
            trial.start("evaluate", "evaluate", "launch", "launch")
            trial.events.start()
            for _ in range(3):
                time.sleep(2)
                psutil.Process(int((home / "postgres" / "data" / "postmaster.pid").read_text().split()[0])).kill()
            assert_sound(trial)


def ask(server: Process, document: str, **variables: object) -> Any:
    url = f"http://127.0.0.1:{server.port}/graphql"
    answer = httpx.post(url, json={"query": document, "variables": variables}, timeout=10).json()
    assert "errors" not in answer, answer
    return answer["data"]
