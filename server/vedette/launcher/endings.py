"""What becomes of a run: when its process ended, when it was refused, when its launcher was lost. Pure."""

import signal
from dataclasses import dataclass

from vedette.domain.catalog import Interruption
from vedette.domain.logs import ErrorInfo
from vedette.domain.runs import RunStatus
from vedette.launcher.engines.contract import RunExit
from vedette.storage.runs.run_queue import Claim, LostRun

# What comes from outside: an operator, a machine that stops or runs out of memory. Other signals are the code's own.
FROM_OUTSIDE = frozenset({signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP})

# A run that takes its process or its launcher down each time must not do so for ever; every claim adds one or, after a
# launcher was lost, two to the epoch.
CLAIMS_AT_MOST = 30

LOST_BEFORE = "Its launcher was lost before user code had begun."
LOST_WHILE = "its launcher was lost while user code was running"
STOPPED_BEFORE = "Its launcher was stopped before user code had begun."
STOPPED_WHILE = "its launcher was stopped while user code was running"


@dataclass(frozen=True, slots=True)
class Ending:
    """The states that a run passes through, the last of which it keeps, and why. QUEUED: it will be run again."""

    statuses: tuple[RunStatus, ...]
    error: ErrorInfo | None = None
    note: str | None = None
    next_attempt: bool = False

    @property
    def status(self) -> RunStatus:
        """Return the state that the run keeps."""
        return self.statuses[-1]


def failed(kind: str, message: str) -> Ending:
    """The run is FAILURE."""
    return Ending((RunStatus.FAILURE,), ErrorInfo(kind, message))


def queued_again(claim: Claim, note: str) -> Ending:
    """No user code had begun: the same attempt is queued again."""
    if claim.epoch >= CLAIMS_AT_MOST:
        return failed("RunNeverStarted", f"The run was claimed {claim.epoch} times and never started. {note}")
    return Ending((RunStatus.QUEUED,), note=f"{note} The run is queued again.")


def interrupted(claim: Claim, reason: str) -> Ending:
    """User code was cut off by no fault of its own: the job says whether the run fails or is run again."""
    message = f"The run was interrupted: {reason}."
    if claim.on_interrupted is Interruption.RETRY and claim.epoch < CLAIMS_AT_MOST:
        again = f"{message} It is queued again as attempt {claim.attempt + 1}."
        return Ending((RunStatus.QUEUED,), note=again, next_attempt=True)
    remedy = "Launch it again, or let its job say on_interrupted='retry'."
    return failed("RunInterrupted", f"{message} {remedy}")


def ended(claim: Claim, status: RunStatus, ended_as: RunExit, *, begun: bool, stopped: bool) -> Ending:
    """Return what becomes of a run in `status` whose process ended.

    `begun`: user code was let begin; `stopped`: the launcher stops and has told the process to end.
    """
    if ended_as.finished and ended_as.error is None:
        return Ending((RunStatus.SUCCESS,))
    if status is RunStatus.CANCELING:
        return Ending((RunStatus.CANCELED,))
    if stopped:
        return interrupted(claim, STOPPED_WHILE) if begun else queued_again(claim, STOPPED_BEFORE)
    if ended_as.finished:
        return Ending((RunStatus.FAILURE,), ended_as.error)
    return _died(claim, ended_as, begun=begun)


def _died(claim: Claim, ended_as: RunExit, *, begun: bool) -> Ending:
    told = _told(ended_as)
    if not _is_lost(ended_as) and ended_as.signal not in FROM_OUTSIDE:
        hint = "; did its code call os._exit?" if ended_as.signal is None else "."
        moment = "finished" if begun else "was ready"
        return failed("RunProcessDied", f"The run's process {told} before it {moment}{hint}")
    if begun:
        hint = ", as it is when memory runs out" if ended_as.signal == signal.SIGKILL else ""
        return interrupted(claim, f"the run's process {told}{hint}")
    return queued_again(claim, f"The run's process {told} before user code had begun.")


def _is_lost(ended_as: RunExit) -> bool:
    """Tell whether it ended only because the process that it was forked from did, or its machine."""
    return ended_as.code is None and ended_as.signal is None


def _told(ended_as: RunExit) -> str:
    if _is_lost(ended_as):
        return f"was lost with {ended_as.lost_with}"
    if ended_as.signal is None:
        return f"exited with code {ended_as.code}"
    try:
        name = signal.Signals(ended_as.signal).name
    except ValueError:
        name = "unknown"
    return f"was killed by signal {ended_as.signal} ({name})"


def rescued(lost: LostRun) -> Ending:
    """Return what becomes of a run whose launcher was lost."""
    if lost.status is RunStatus.CANCELING:
        return Ending((RunStatus.CANCELED,), note="Its launcher was lost while the run was being cancelled.")
    if lost.cancel_asked:
        canceled = (RunStatus.CANCELING, RunStatus.CANCELED)
        return Ending(canceled, note="Its launcher was lost; the run was to be cancelled and is not run again.")
    if lost.status is RunStatus.STARTING:
        return queued_again(lost, LOST_BEFORE)
    return interrupted(lost, LOST_WHILE)
