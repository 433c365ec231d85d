"""The fault matrix: each fault at each point from claim to knock, on real processes; then everything must hold.

A cell takes some seconds. CI runs three of them; FAULT_MATRIX set to `chosen` runs the chosen ones, `all` every one.
"""

import os
import signal

import psutil
import pytest
from chaos.processes import Process, wait_until
from chaos.trial import Trial

from vedette.faults import Point

EVALUATE = (
    Point.LEASE_RENEW,
    Point.LEASE_CLAIMED,
    Point.ORPHANS_CLOSED,
    Point.EVALUATION_BEGUN,
    Point.EVALUATION_SENT,
    Point.EVALUATION_RETURNED,
    Point.TICK_COMMIT,
    Point.TICK_COMMITTED,
)
LAUNCH = (
    Point.RUN_CLAIM,
    Point.RUN_CLAIMED,
    Point.PROCESS_PREPARED,
    Point.START_COMMIT,
    Point.START_COMMITTED,
    Point.END_COMMIT,
    Point.END_COMMITTED,
)
ANY = (Point.COMMIT, Point.COMMITTED)
# Beyond the lease of 2 s, and the second that a successor needs.
FAULTS = ("kill", "term", "stop:4", "error", "timeout")
# Passed once in a life, or as rarely; the others at the third passage.
PASSAGES = {Point.LEASE_RENEW: "@2", Point.LEASE_CLAIMED: "@1", Point.ORPHANS_CLOSED: "@1"}

CELLS = [
    (role, point, fault)
    for role, points in (("evaluate", (*EVALUATE, *ANY)), ("launch", (*LAUNCH, *ANY)))
    for point in points
    for fault in FAULTS
]
CHOSEN = {
    ("evaluate", Point.EVALUATION_SENT, "kill"),
    ("evaluate", Point.TICK_COMMIT, "stop:4"),
    ("evaluate", Point.TICK_COMMITTED, "kill"),
    ("evaluate", Point.TICK_COMMITTED, "timeout"),
    ("evaluate", Point.ORPHANS_CLOSED, "error"),
    ("launch", Point.RUN_CLAIMED, "error"),
    ("launch", Point.START_COMMITTED, "kill"),
    ("launch", Point.START_COMMITTED, "timeout"),
    ("launch", Point.END_COMMIT, "stop:4"),
    ("launch", Point.END_COMMITTED, "term"),
}
# What has not moved for this long is stuck.
STUCK_SECONDS = 15.0
SHORT = {
    ("evaluate", Point.TICK_COMMITTED, "kill"),
    ("launch", Point.START_COMMITTED, "kill"),
    ("launch", Point.END_COMMITTED, "term"),
}
WANTED = {None: SHORT, "chosen": CHOSEN, "all": set(CELLS)}[os.environ.get("FAULT_MATRIX")]


def named(cell: tuple[str, Point, str]) -> str:
    return "-".join(cell).replace(":4", "")


@pytest.mark.slow
@pytest.mark.parametrize("cell", [cell for cell in CELLS if cell in WANTED], ids=named)
def test_nothing_is_lost_and_nothing_doubled(trial: Trial, cell: tuple[str, Point, str]) -> None:
    role, point, fault = cell
    trial.events.start()
    victim = trial.fleet.start(role, f"{point}={fault}{PASSAGES.get(point, '@3')}")
    wait_until(lambda: victim.said("fault injected"), "the fault to strike", 40)
    if fault.startswith("stop"):
        wait_until(lambda: not is_stopped(victim), "the victim to wake", 30)
    struck = len(trial.events.names)
    wait_until(lambda: len(trial.events.names) > struck + 8, "events after the fault", 10)

    trial.settle(STUCK_SECONDS)

    assert trial.verdict().problems == [], victim.log.read_text()
    if fault == "kill":
        assert victim.process.wait(10) == -signal.SIGKILL
        return
    assert victim.is_alive or fault == "term", victim.log.read_text()
    assert victim.terminate() == 0, victim.log.read_text()


def is_stopped(victim: Process) -> bool:
    return psutil.Process(victim.process.pid).status() == psutil.STATUS_STOPPED
