"""Attendance: when no evaluator was at work, by what the trial itself did: killed all, and has none that began yet.

What an evaluator leaves STARTED is ended by another. While there is none, as where the dice hit all of them before the
first that was started again is up, which takes 15 s where the machine has little time to spare, nobody can.
"""

import threading
import time

from chaos.processes import Fleet

PAUSE_SECONDS = 0.05
ROLE = "evaluate"


class Attendance:
    """When an evaluator was at work, as noted from one moment to the next, in seconds since 1970."""

    def __init__(self) -> None:
        self._gaps: list[tuple[float, float]] = []
        self._absent_since: float | None = None

    def noted(self, at: float, *, is_attended: bool) -> None:
        """Take in whether an evaluator was at work at a moment."""
        if is_attended and self._absent_since is not None:
            self._gaps.append((self._absent_since, at))
            self._absent_since = None
        elif not is_attended and self._absent_since is None:
            self._absent_since = at

    def attended_seconds(self, began: float, ended: float) -> float:
        """Return for how long an evaluator was at work between two moments."""
        still = [] if self._absent_since is None else [(self._absent_since, ended)]
        absent = (min(ended, until) - max(began, since) for since, until in [*self._gaps, *still])
        return ended - began - sum(seconds for seconds in absent if seconds > 0)


class AttendanceWatch:
    """Looks at the evaluators of `fleet` from `start` to `stop`. One that is stopped counts as at work."""

    def __init__(self, fleet: Fleet) -> None:
        self.attendance = Attendance()
        self._fleet = fleet
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="attendance")

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stopped.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stopped.wait(PAUSE_SECONDS):
            evaluators = [process for process in list(self._fleet.processes) if process.role == ROLE]
            is_attended = any(process.is_alive and process.is_ready for process in evaluators)
            self.attendance.noted(time.time(), is_attended=is_attended)
