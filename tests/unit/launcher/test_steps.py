"""Steps follow their events, and none stays open when the run has ended."""

from datetime import UTC, datetime, timedelta

from vedette.domain.events import RunEvent, RunEventKind
from vedette.domain.logs import ErrorInfo
from vedette.domain.runs import RunStatus, StepStatus
from vedette.launcher.steps import Steps

AT = datetime(2026, 1, 1, tzinfo=UTC)


def event(kind: RunEventKind, step: str, seconds: int = 0, error: ErrorInfo | None = None) -> RunEvent:
    return RunEvent(AT + timedelta(seconds=seconds), kind, step, error=error)


def test_a_step_goes_from_pending_through_a_retry_to_success() -> None:
    steps = Steps(["a", "b"])
    error = ErrorInfo("E", "once")
    [(index, step)] = steps.follow(
        [
            event(RunEventKind.STEP_STARTED, "b", 1),
            event(RunEventKind.STEP_RETRY, "b", 2, error),
            event(RunEventKind.STEP_STARTED, "b", 3),
            event(RunEventKind.STEP_SUCCESS, "b", 4),
        ]
    )
    assert (index, step.status, step.attempt, step.error) == (1, StepStatus.SUCCESS, 2, None)
    assert (step.started_at, step.finished_at) == (AT + timedelta(seconds=3), AT + timedelta(seconds=4))


def test_events_that_are_not_about_a_steps_state_change_nothing() -> None:
    assert Steps(["a"]).follow([event(RunEventKind.LOG, "a"), RunEvent(AT, RunEventKind.ENGINE)]) == ()


def test_a_step_that_was_not_announced_is_added() -> None:
    [(index, step)] = Steps(["a"]).follow([event(RunEventKind.STEP_STARTED, "dynamic[1]")])
    assert (index, step.name, step.status) == (1, "dynamic[1]", StepStatus.STARTED)


def test_open_steps_are_closed_by_how_the_run_ended() -> None:
    for ending, expected in [
        (RunStatus.FAILURE, [StepStatus.FAILURE, StepStatus.SKIPPED]),
        (RunStatus.CANCELED, [StepStatus.CANCELED, StepStatus.CANCELED]),
    ]:
        steps = Steps(["done", "open", "pending"])
        steps.follow([event(RunEventKind.STEP_STARTED, "done"), event(RunEventKind.STEP_SUCCESS, "done")])
        steps.follow([event(RunEventKind.STEP_STARTED, "open")])
        assert [step.status for _, step in steps.close(ending, AT)] == expected
        assert steps.close(ending, AT) == ()
