"""One cell of the fault matrix on a trial: start the victim, have it meet its fault, and hold all against the truth."""

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import asyncpg
import httpx
import psutil

from chaos.cells import Cell
from chaos.processes import Process, wait_until
from chaos.subscriber import Subscriber
from chaos.trial import Trial
from vedette.faults import Point

STRIKE_SECONDS = 40.0
# What has not moved for this long is stuck.
STUCK_SECONDS = 15.0
READY_SECONDS = 10.0
EDITED = "key_quick_0"
SENSOR = '{ sensor(by: {name: {name: "key_quick_0"}}) { id cursor { value } } }'
EDIT = """
mutation($id: ID!, $cursor: String) {
  setSensorCursor(input: {sensorId: $id, cursor: $cursor}) { errors { message } }
}
"""
_EDITS = "SELECT count(*) FROM cursor_changes WHERE actor IS NOT NULL"
_EDITS_TOLD = "SELECT count(*) FROM audit_log WHERE mutation = 'setSensorCursor' AND result = 'DONE'"
_POSITION = "SELECT position FROM streams WHERE name = 'ticks'"
_LIMIT = """
INSERT INTO run_limits (id, subject, max_runs, set_by) VALUES (gen_random_uuid(), '["all"]', 4, 'chaos')
"""
_NO_LIMIT = "DELETE FROM run_limits"
_HELD = """
SELECT count(*) FROM leases JOIN workers ON workers.id = leases.holder WHERE workers.pid = $1 AND expires_at > now()
"""


def run(trial: Trial, cell: Cell) -> tuple[list[str], float]:
    """Return what was found wrong, and seconds from the fault until all that happened before and after it was done."""
    trial.events.start()
    with _provoked(trial, cell) as (victim, found):
        wait_until(lambda: victim.said("fault injected"), f"{cell} to strike", STRIKE_SECONDS)
        struck = time.monotonic()
        _settle_after_events(trial)
        recovery = time.monotonic() - struck
        if cell.fault == "stop":
            wait_until(lambda: not is_stopped(victim), "the victim to wake", STRIKE_SECONDS)
            _settle_after_events(trial)
    problems = [*trial.verdict().problems, *found(), *_ended_badly(victim, cell)]
    wait_until(lambda: (said := trial.health.ask("/readyz")) is not None and said.code == 200, "ready", READY_SECONDS)
    return problems, recovery


def is_stopped(victim: Process) -> bool:
    """Tell whether it is stopped by a signal."""
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(victim.process.pid).status() == psutil.STATUS_STOPPED
    return False


def _settle_after_events(trial: Trial) -> None:
    trial.events.start()
    before = len(trial.events.names)
    wait_until(lambda: len(trial.events.names) > before, "events after the fault", 10)
    trial.settle(STUCK_SECONDS)


def _ended_badly(victim: Process, cell: Cell) -> list[str]:
    """End the victim if it goes on; return how it should have ended otherwise."""
    expected = -signal.SIGKILL if cell.fault == "kill" else 0
    asked_twice = cell.point is Point.LEASE_RELEASE and cell.fault == "term"
    if cell.fault in ("error", "timeout", "stop") and cell.point is not Point.LEASE_RELEASE and not victim.is_alive:
        return [f"the victim did not go on but ended: {victim.process.poll()}"]
    ends_itself = cell.fault in ("kill", "term") or cell.point is Point.LEASE_RELEASE
    try:
        code = victim.process.wait(30) if ends_itself else victim.terminate()
    except subprocess.TimeoutExpired:
        return ["the victim does not end"]
    return [] if code == expected or asked_twice else [f"the victim ended with {code} in place of {expected}"]


Found = Callable[[], list[str]]
Provoked = Iterator[tuple[Process, Found]]


def _provoked(trial: Trial, cell: Cell) -> Any:
    """Start the victim and bring it to its point; yields it, and what tells what was found wrong besides."""
    special = {
        Point.LEASE_RELEASE: _leaving,
        Point.RESCUE_TAKEN_OVER: _rescuing,
        Point.LIMITED_CLAIM: _limited,
        Point.CURSOR_EDIT: _edited,
        Point.OUTBOX_FORWARD: _edited,
        Point.CURSOR_EDITED: _edited,
        Point.SUBSCRIPTION_EMIT: _followed,
    }
    return special.get(cell.point, _started)(trial, cell)


@contextmanager
def _started(trial: Trial, cell: Cell) -> Provoked:
    yield trial.fleet.start(cell.role, cell.faults), list


@contextmanager
def _limited(trial: Trial, cell: Cell) -> Provoked:
    """Launchers claim one after the other, under a limit that is reached now and then."""
    trial.ask(lambda connection: connection.execute(_LIMIT))
    try:
        yield trial.fleet.start(cell.role, cell.faults), list
    finally:
        # The next trial claims as most do, without any.
        trial.ask(lambda connection: connection.execute(_NO_LIMIT))


@contextmanager
def _leaving(trial: Trial, cell: Cell) -> Provoked:
    [victim] = trial.start(cell.role, faults=cell.faults)
    wait_until(lambda: _fetch(trial, _HELD, victim.process.pid) > 0, "the victim to hold sensors", STRIKE_SECONDS)
    victim.process.send_signal(signal.SIGTERM)
    yield victim, list


@contextmanager
def _rescuing(trial: Trial, cell: Cell) -> Provoked:
    """The healthy launcher steps aside; one dies with runs, and the victim is to rescue them."""
    [healthy] = [process for process in trial.fleet.processes if process.role == "launch" and process.is_alive]
    healthy.terminate()
    [doomed] = trial.start("launch", faults=f"{Point.START_COMMITTED}=kill@2")
    wait_until(lambda: not doomed.is_alive, "the first launcher to die", STRIKE_SECONDS)
    victim = trial.fleet.start(cell.role, cell.faults)
    wait_until(lambda: victim.said("fault injected"), f"{cell} to strike", STRIKE_SECONDS)
    trial.start("launch")
    yield victim, list


@contextmanager
def _edited(trial: Trial, cell: Cell) -> Provoked:
    """Somebody sets a cursor back by way of the victim: once and told once, or not at all."""
    [victim] = trial.start(cell.role, faults=cell.faults)
    sensor = ask(trial.fleet.processes[0].address, SENSOR)["sensor"]
    back = str(max(0, int(sensor["cursor"]["value"] or 0) - 3))
    before, told_before = _fetch(trial, _EDITS), _fetch(trial, _EDITS_TOLD)
    with ThreadPoolExecutor(1) as pool:
        edit = pool.submit(ask, victim.address, EDIT, id=sensor["id"], cursor=back)

        def found() -> list[str]:
            edits = _fetch(trial, _EDITS) - before
            told = _fetch(trial, _EDITS_TOLD) - told_before
            least = 0 if cell.point is Point.CURSOR_EDIT and edit.exception() is not None else 1
            most = 0 if cell.point is Point.CURSOR_EDIT and cell.fault in ("kill", "error", "timeout") else 1
            problems = [] if least <= edits <= most else [f"the cursor was edited {edits} times, not {least} to {most}"]
            return problems if told == edits else [*problems, f"{told} of {edits} edits are in the audit log"]

        yield victim, found


@contextmanager
def _followed(trial: Trial, cell: Cell) -> Provoked:
    """A dashboard follows ticks by way of the victim, and goes on elsewhere where that fails."""
    [victim] = trial.start(cell.role, faults=cell.faults)
    begin = _fetch(trial, _POSITION)
    subscriber = Subscriber("ticks", [victim.address, trial.fleet.processes[0].address], after=begin)
    subscriber.start()
    problems: list[str] = []
    try:
        yield victim, lambda: problems
        if not subscriber.reaches(_fetch(trial, _POSITION), 10):
            problems.append("the dashboard at the victim does not come to the end")
        problems += subscriber.problems()
    finally:
        subscriber.stop()


def ask(address: str, document: str, **variables: object) -> Any:
    """Return the data of one operation. Raises httpx.HTTPError or ValueError where it is not answered."""
    url = f"http://{address}/graphql"
    answer = httpx.post(url, json={"query": document, "variables": variables}, timeout=20).json()
    if "errors" in answer:
        raise ValueError(str(answer["errors"]))
    return answer["data"]


def _fetch(trial: Trial, statement: str, *values: object) -> int:
    async def fetch(connection: asyncpg.Connection) -> int:
        return int(await connection.fetchval(statement, *values))

    return trial.ask(fetch)
