from datetime import UTC, datetime
from uuid import UUID

from vedette.domain.logs import ErrorInfo
from vedette.domain.runs import Run, RunStatus
from vedette.domain.ticks import Tick, TickCause, TickStatus
from vedette.graphql.streams.as_of import run_as_of, tick_as_of

AT = datetime(2026, 1, 1, tzinfo=UTC)
TICK = Tick(
    id=UUID(int=1), sensor_id=UUID(int=2), number=3, status=TickStatus.FAILURE, cause=TickCause.INTERVAL,
    started_at=AT, finished_at=AT, cursor_before="a", cursor_after="b", skip_reason="c", error=ErrorInfo("E", "m"),
    requested_count=4, launched_count=5, repeats=6, last_repeat_at=AT,
)  # fmt: skip
RUN = Run(
    id=UUID(int=1), code_location="shop", job_name="process", status=RunStatus.FAILURE, queued_at=AT, started_at=AT,
    finished_at=AT, error=ErrorInfo("E", "m"),
)  # fmt: skip


def test_a_tick_that_starts_has_no_end_yet() -> None:
    assert tick_as_of(TICK, TickStatus.STARTED) == Tick(
        id=TICK.id, sensor_id=TICK.sensor_id, number=3, status=TickStatus.STARTED, cause=TickCause.INTERVAL,
        started_at=AT, cursor_before="a",
    )  # fmt: skip


def test_a_tick_that_ends_has_no_repeats_yet() -> None:
    then = tick_as_of(TICK, TickStatus.FAILURE)
    assert (then.repeats, then.last_repeat_at) == (0, None)
    assert then.error == TICK.error


def test_a_run_shows_what_it_had_reached() -> None:
    queued = run_as_of(RUN, RunStatus.QUEUED)
    assert (queued.status, queued.started_at, queued.finished_at, queued.error) == (RunStatus.QUEUED, None, None, None)
    started = run_as_of(RUN, RunStatus.STARTED)
    assert (started.status, started.started_at, started.finished_at) == (RunStatus.STARTED, AT, None)
    assert run_as_of(RUN, RunStatus.FAILURE) == RUN
