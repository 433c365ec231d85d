"""Ticks and runs as they were when a change made them so, whatever they have become since.

What a stream tells is the same for everybody who asks for the same positions, today and later.
"""

import msgspec

from vedette.domain.runs import FINISHED, Run, RunStatus
from vedette.domain.ticks import Tick, TickStatus


def tick_as_of(tick: Tick, status: TickStatus) -> Tick:
    """Return the tick as it was when it became `status`."""
    # Repeats are folded in later, and are no changes of the stream.
    then = msgspec.structs.replace(tick, repeats=0, last_repeat_at=None)
    if status is not TickStatus.STARTED:
        return then
    return msgspec.structs.replace(
        then,
        status=status,
        finished_at=None,
        cursor_after=None,
        skip_reason=None,
        error=None,
        requested_count=0,
        launched_count=0,
    )


def run_as_of(run: Run, status: RunStatus) -> Run:
    """Return the run as it was when it became `status`."""
    if status in FINISHED:
        return msgspec.structs.replace(run, status=status)
    then = msgspec.structs.replace(run, status=status, finished_at=None, error=None)
    if status in {RunStatus.QUEUED, RunStatus.STARTING}:
        then = msgspec.structs.replace(then, started_at=None)
    return then
