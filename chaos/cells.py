"""The fault matrix: which fault at which point in which process, and the results of those cells that were run."""

import json
import os
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from vedette.faults import Point

ANY = (Point.COMMIT, Point.COMMITTED)
POINTS = {
    "evaluate": (
        Point.LEASE_RENEW,
        Point.LEASE_CLAIMED,
        Point.ORPHANS_CLOSED,
        Point.EVALUATION_BEGUN,
        Point.EVALUATION_SENT,
        Point.EVALUATION_RETURNED,
        Point.TICK_COMMIT,
        Point.TICK_COMMITTED,
        Point.LEASE_RELEASE,
        *ANY,
    ),
    "launch": (
        Point.RUN_CLAIM,
        Point.LIMITED_CLAIM,
        Point.RUN_CLAIMED,
        Point.PROCESS_PREPARED,
        Point.START_COMMIT,
        Point.START_COMMITTED,
        Point.PROCESS_BEGUN,
        Point.END_COMMIT,
        Point.END_COMMITTED,
        Point.RESCUE_TAKEN_OVER,
        *ANY,
    ),
    "serve": (Point.CURSOR_EDIT, Point.OUTBOX_FORWARD, Point.CURSOR_EDITED, Point.SUBSCRIPTION_EMIT),
}
FAULTS = ("kill", "term", "stop", "error", "timeout")
# Beyond the lease of 2 s, and the second that a successor needs.
STOP_SECONDS = 4
# Passed once in a life, or as rarely; the others at the third passage.
SECOND = frozenset({Point.LEASE_RENEW})
FIRST = frozenset(
    {
        Point.LEASE_CLAIMED,
        Point.ORPHANS_CLOSED,
        Point.LEASE_RELEASE,
        Point.RESCUE_TAKEN_OVER,
        Point.CURSOR_EDIT,
        Point.OUTBOX_FORWARD,
        Point.CURSOR_EDITED,
    }
)
# Set, a file to which each cell that was run adds a line of JSON.
RESULTS = "FAULT_RESULTS"


class Cell(NamedTuple):
    """One experiment."""

    role: str
    point: Point
    fault: str

    def __str__(self) -> str:
        return f"{self.role}-{self.point}-{self.fault}"

    @property
    def faults(self) -> str:
        """Return it as `vedette.faults` reads it."""
        passage = 1 if self.point in FIRST else 2 if self.point in SECOND else 3
        seconds = f":{STOP_SECONDS}" if self.fault == "stop" else ""
        return f"{self.point}={self.fault}{seconds}@{passage}"


CELLS = tuple(Cell(role, point, fault) for role, points in POINTS.items() for point in points for fault in FAULTS)


class Result(NamedTuple):
    """What became of a cell: whether all held, and seconds from the fault until everything was dealt with."""

    cell: str
    holds: bool
    recovery: float
    commit: str
    at: str


def commit() -> str:
    """Return the commit of the code that runs, with a plus where files differ from it."""
    told = ["git", "describe", "--always", "--dirty=+", "--abbrev=7", "--exclude=*"]
    return subprocess.run(told, capture_output=True, text=True, check=False).stdout.strip() or "unknown"


def keep(cell: Cell, holds: bool, recovery: float) -> None:
    """Add a result to the file that the variable RESULTS names, if it does."""
    path = os.environ.get(RESULTS)
    if path:
        at = datetime.now(UTC).strftime("%Y-%m-%d")
        with Path(path).open("a") as file:
            file.write(json.dumps(Result(str(cell), holds, round(recovery, 2), commit(), at)._asdict()) + "\n")


def read(lines: Iterable[str]) -> dict[str, Result]:
    """Return the last result of each cell, by its name."""
    results = (Result(**json.loads(line)) for line in lines)
    return {result.cell: result for result in results}
