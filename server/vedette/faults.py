"""Fault points: named places on the way from claim to knock where a test can make this process fail.

Off unless the variable VEDETTE_FAULTS is set when the process starts; then a passage costs one comparison. It lists
faults, separated by commas, as POINT=ACTION[:SECONDS][@PASSAGE|%PERCENT]:

    TICK_COMMITTED=kill@3            SIGKILL itself at the third passage
    START_COMMITTED=stop:12          SIGSTOP itself at the first passage, SIGCONT 12 seconds later
    COMMITTED=timeout%5              after 5 of 100 commits, tell the caller that it timed out
    NOTIFY=drop@*                    never carry a knock to another process

Actions: kill, term, stop, error (raises InjectedFault), timeout (raises TimeoutError; at a point after a commit: it was
done, and the caller is told otherwise), drop (the step is left out). Without a passage the first one is meant.
"""

import os
import random
import re
import signal
import subprocess
from dataclasses import dataclass
from enum import StrEnum

VARIABLE = "VEDETTE_FAULTS"


class Point(StrEnum):
    """Where a fault can be injected, in the order in which an event passes them."""

    LEASE_RENEW = "LEASE_RENEW"
    LEASE_CLAIMED = "LEASE_CLAIMED"
    ORPHANS_CLOSED = "ORPHANS_CLOSED"
    EVALUATION_BEGUN = "EVALUATION_BEGUN"
    EVALUATION_SENT = "EVALUATION_SENT"
    EVALUATION_RETURNED = "EVALUATION_RETURNED"
    TICK_COMMIT = "TICK_COMMIT"
    TICK_COMMITTED = "TICK_COMMITTED"
    RUN_CLAIM = "RUN_CLAIM"
    # Runs were claimed under limits, and it is not committed yet.
    LIMITED_CLAIM = "LIMITED_CLAIM"
    RUN_CLAIMED = "RUN_CLAIMED"
    PROCESS_PREPARED = "PROCESS_PREPARED"
    START_COMMIT = "START_COMMIT"
    START_COMMITTED = "START_COMMITTED"
    PROCESS_BEGUN = "PROCESS_BEGUN"
    END_COMMIT = "END_COMMIT"
    END_COMMITTED = "END_COMMITTED"
    RESCUE_TAKEN_OVER = "RESCUE_TAKEN_OVER"
    LEASE_RELEASE = "LEASE_RELEASE"
    CURSOR_EDIT = "CURSOR_EDIT"
    # A mutation is committed, and what it tells streams and the audit log has no positions yet.
    OUTBOX_FORWARD = "OUTBOX_FORWARD"
    CURSOR_EDITED = "CURSOR_EDITED"
    SUBSCRIPTION_EMIT = "SUBSCRIPTION_EMIT"
    # A partition was made, or dropped, and not committed yet; a step of a migration likewise.
    PARTITION_MAKE = "PARTITION_MAKE"
    RETENTION_BATCH = "RETENTION_BATCH"
    MIGRATION_STEP = "MIGRATION_STEP"
    # Every transaction of the process, before and after its commit; every NOTIFY.
    COMMIT = "COMMIT"
    COMMITTED = "COMMITTED"
    NOTIFY = "NOTIFY"


class InjectedFault(Exception):
    """What the action `error` raises: an exception that nobody foresaw."""


@dataclass(slots=True)
class Fault:
    """One fault: `passage` counts from 1, None means every passage; `percent` of them, if given."""

    action: str
    seconds: float
    passage: int | None
    percent: float | None
    passed: int = 0

    def is_due(self) -> bool:
        """Count a passage; tell whether the fault strikes at it."""
        self.passed += 1
        if self.percent is not None:
            return random.random() * 100 < self.percent
        return self.passage is None or self.passed == self.passage


_FAULT = re.compile(
    r"(?P<point>[A-Z_]+)=(?P<action>kill|term|stop|error|timeout|drop)(?::(?P<seconds>[\d.]+))?"
    r"(?:@(?P<passage>\d+|\*)|%(?P<percent>[\d.]+))?"
)


def parse(text: str) -> dict[Point, Fault]:
    """Return the faults that `text` lists. Raises ValueError with one sentence that names what is wrong."""
    faults: dict[Point, Fault] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        match = _FAULT.fullmatch(part)
        if match is None or match["point"] not in Point.__members__:
            raise ValueError(
                f"{VARIABLE} has {part!r}, which is not POINT=ACTION[:SECONDS][@PASSAGE|%PERCENT]; "
                f"the points are {', '.join(Point)}."
            )
        percent = None if match["percent"] is None else float(match["percent"])
        passage = None if match["passage"] == "*" else int(match["passage"] or 1)
        faults[Point(match["point"])] = Fault(match["action"], float(match["seconds"] or 0), passage, percent)
    return faults


_faults = parse(os.environ.get(VARIABLE, ""))


def arm(text: str) -> None:
    """Take the faults that `text` lists, in place of those that were set; for a process forked from a prepared one."""
    _faults.clear()
    _faults.update(parse(text))


def reached(point: Point) -> None:
    """Pass `point`: nothing happens, unless a fault is set for it and due."""
    if _faults:
        _strike(point)


def is_dropped(point: Point) -> bool:
    """Pass `point`; True if the step that follows is to be left out."""
    return bool(_faults) and _strike(point)


def _strike(point: Point) -> bool:
    fault = _faults.get(point)
    if fault is None or not fault.is_due():
        return False
    # Not by logging: the line must be out before the process is gone.
    os.write(2, f"fault injected at {point}: {fault.action}\n".encode())
    if fault.action == "error":
        raise InjectedFault(f"injected at {point}")
    if fault.action == "timeout":
        raise TimeoutError(f"injected at {point}")
    if fault.action == "drop":
        return True
    _signal_self(fault)
    return False


def _signal_self(fault: Fault) -> None:
    if fault.action == "stop":
        # Out of the family, so that neither waits for the other.
        waker = f"(sleep {fault.seconds}; kill -CONT {os.getpid()}) >/dev/null 2>&1 &"
        subprocess.run(["sh", "-c", waker], check=True)
    number = {"kill": signal.SIGKILL, "term": signal.SIGTERM, "stop": signal.SIGSTOP}[fault.action]
    os.kill(os.getpid(), number)
