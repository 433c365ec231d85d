"""Who is to blame when a process ends: what each evaluation that was in it becomes."""

import enum
import signal
from collections.abc import Collection

from vedette.domain.logs import ErrorInfo
from vedette.hosts.children import ChildExit

# An evaluation that went down with this many hosts is not sent into company again.
MOST_LOSSES = 3


class Ending(enum.Enum):
    """Why a host ended."""

    DIED = "it ended by itself"
    STALLED = "its loop answered no more"
    OVERRAN = "an evaluation in it passed its deadline"
    OUT_OF_MEMORY = "an evaluation in it ran out of memory"
    CLOSED = "it was no longer needed"


class Verdict(enum.Enum):
    """What an evaluation that was in a host that ended becomes."""

    BLAMED = "it is the cause"
    AGAIN_ALONE = "it may be the cause, and is evaluated again in a host of its own"
    AGAIN = "it is evaluated again"


def judge(ending: Ending, *, begun: bool, overdue: bool, alone: bool, suspects: int, losses: int) -> Verdict:
    """Return the verdict on one evaluation of a host that ended.

    `suspects` counts those of the host that had begun; `alone` tells that the host was this one's own, `losses` how
    many hosts it has gone down with before.
    """
    if ending is Ending.OVERRAN:
        # The deadline tells who it was; the others were only near.
        return Verdict.BLAMED if overdue else _again(losses)
    if ending is Ending.CLOSED or (suspects and not begun):
        return _again(losses)
    if ending is Ending.STALLED:
        # To hold up others is no failure: alone, it has its full time.
        return Verdict.AGAIN_ALONE
    if alone:
        return Verdict.BLAMED
    # Of memory that ran out, an evaluation that has ended may have taken most.
    certain = begun and suspects == 1 and ending is not Ending.OUT_OF_MEMORY
    return Verdict.BLAMED if certain else Verdict.AGAIN_ALONE


def _again(losses: int) -> Verdict:
    return Verdict.AGAIN_ALONE if losses >= MOST_LOSSES else Verdict.AGAIN


def describe_exit(exit_: ChildExit, during: str) -> ErrorInfo:
    """Return the error of a process that ended `during` ("this evaluation")."""
    if exit_.signal == signal.SIGKILL:
        ending = f"was killed by signal 9 (SIGKILL) during {during}; the system does that when memory runs out"
    elif exit_.signal is not None:
        ending = f"was killed by signal {exit_.signal} ({_name(exit_.signal)}) during {during}"
    elif exit_.code is not None:
        ending = f"exited with code {exit_.code} during {during} (os._exit, or a library that gave up?)"
    else:
        ending = f"was lost during {during}: the process that it was forked from ended"
    return ErrorInfo("ProcessDied", f"The process {ending}.")


def ran_out_of_memory(error: ErrorInfo | None) -> bool:
    """Tell whether `error`, or what it was raised from, is a MemoryError."""
    while error is not None:
        if error.type == "MemoryError":
            return True
        error = error.cause
    return False


def out_of_memory(memory_mb: int, error: ErrorInfo | None = None) -> ErrorInfo:
    """Return the error of an evaluation that ran into the limit of memory, with the stack of `error`."""
    message = f"The evaluation ran out of memory: its process may take {memory_mb} MiB (VEDETTE_HOST_MEMORY_MB)."
    return ErrorInfo("MemoryError", message, error.stack if error else ())


def _name(number: int) -> str:
    names: Collection[int] = signal.valid_signals()
    return signal.Signals(number).name if number in names and number in set(signal.Signals) else "unknown"
