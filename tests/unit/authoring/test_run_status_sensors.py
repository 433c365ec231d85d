"""Sensors that react to runs, as authors define and test them."""

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest

from vedette import (
    CodeLocationSelector,
    DefinitionError,
    Definitions,
    InvalidResult,
    InvocationError,
    JobDefinition,
    JobSelector,
    RepositorySelector,
    Run,
    RunEvent,
    RunFailureSensorContext,
    RunRequest,
    RunStatus,
    RunStatusSensorContext,
    RunStatusSensorDefinition,
    build_run_status_sensor_context,
    job,
    op,
    run_failure_sensor,
    run_status_sensor,
)
from vedette.domain.catalog import AssetMonitor, MonitoredJob, RunMonitor, SensorKind
from vedette.domain.events import RunEventKind
from vedette.domain.logs import ErrorInfo

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@op
def nothing() -> None: ...


@job
def nightly() -> None:
    nothing()


@job
def report() -> None:
    nothing()


def a_run(status: RunStatus = RunStatus.FAILURE) -> Run:
    return Run(uuid.uuid4(), "here", "nightly", status, NOW, partition_key="2026-01-01")


def told(kind: RunEventKind = RunEventKind.RUN_FAILURE) -> RunEvent:
    return RunEvent(NOW, kind, message="it broke")


def monitor(**options: Any) -> RunMonitor | None:
    @run_failure_sensor(name="alarm", **options)
    def alarm(context: RunFailureSensorContext) -> None: ...

    found = alarm.spec().monitors
    assert not isinstance(found, AssetMonitor)
    return found


def test_a_failure_sensor_is_made_with_and_without_parentheses() -> None:
    @run_failure_sensor
    def bare(context: RunFailureSensorContext) -> None:
        """Ring."""

    @run_failure_sensor(name="named", max_attempts=3)
    def with_options(context: RunFailureSensorContext) -> None: ...

    assert (bare.name, bare.description, bare.kind) == ("bare", "Ring.", SensorKind.RUN_STATUS)
    assert bare.spec().monitors == RunMonitor(RunStatus.FAILURE)
    assert (with_options.name, with_options.spec().monitors) == ("named", RunMonitor(RunStatus.FAILURE, attempts=3))


@pytest.mark.parametrize("status", RunStatus)
def test_every_status_can_be_watched(status: RunStatus) -> None:
    @run_status_sensor(run_status=status, request_job=report)
    def follows(context: RunStatusSensorContext) -> None: ...

    assert (follows.run_status, follows.job_name, follows.jobs) == (status, "report", (report,))


def test_what_is_monitored_may_be_jobs_here_and_elsewhere_and_whole_locations() -> None:
    found = monitor(
        monitored_jobs=[nightly, JobSelector("there", job_name="load"), JobSelector(job_name="own"),
                        CodeLocationSelector("far"), RepositorySelector("other", "__repository__")]
    )  # fmt: skip
    assert found is not None
    assert found.jobs == (
        MonitoredJob(None, "nightly"), MonitoredJob("there", "load"), MonitoredJob(None, "own"),
        MonitoredJob("far"), MonitoredJob("other"),
    )  # fmt: skip
    concerned = [
        ("here", "nightly"), ("there", "load"), ("here", "own"), ("far", "any"), ("other", "any"),
    ]  # fmt: skip
    assert all(found.concerns("here", *one) for one in concerned)
    assert not any(found.concerns("here", *one) for one in [("here", "report"), ("there", "own"), ("there", "nightly")])


def test_without_jobs_it_watches_its_own_code_location_or_all() -> None:
    own, everywhere = monitor(), monitor(monitor_all_code_locations=True)
    assert own is not None
    assert everywhere is not None
    assert (own.concerns("here", "here", "x"), own.concerns("here", "there", "x")) == (True, False)
    assert everywhere.concerns("here", "there", "x")
    assert monitor(job_selection=[nightly]) == monitor(monitored_jobs=[nightly])
    assert monitor(monitor_all_repositories=True) == everywhere


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"monitored_jobs": [nightly], "monitor_all_code_locations": True}, "give one of the two"),
        ({"monitored_jobs": ["nightly"]}, "takes jobs, JobSelector"),
        ({"monitored_jobs": "nightly"}, "list of jobs"),
        ({"monitored_jobs": []}, "never be called"),
        ({"monitored_jobs": [JobSelector("there")]}, "no job_name"),
        ({"max_attempts": 0}, "1 or more"),
        ({"nonsense": 1}, "nonsense"),
    ],
)
def test_a_wrong_definition_says_what_is_wrong(options: dict[str, Any], words: str) -> None:
    with pytest.raises(DefinitionError, match=words):
        monitor(**options)


def test_a_status_that_is_none_is_refused() -> None:
    with pytest.raises(DefinitionError, match="QUEUED, STARTING"):
        RunStatusSensorDefinition("x", "FAILURE", lambda _: None)  # type: ignore[arg-type]  # what is to be refused


def test_it_is_called_in_a_test_with_a_context_that_is_built() -> None:
    @run_failure_sensor(request_job=report)
    def alarm(context: RunFailureSensorContext) -> RunRequest:
        steps = ",".join(event.step or "" for event in context.get_step_failure_events())
        key = f"{context.run.run_id}/{context.failure_event.message}/{steps}/{context.partition_key}"
        return RunRequest(run_key=key)

    run = a_run()
    failure = RunEvent(NOW, RunEventKind.STEP_FAILURE, "extract", error=ErrorInfo("ValueError", "x"))
    context = build_run_status_sensor_context("alarm", told(), run=run, step_failures=(failure,)).for_run_failure()
    assert alarm(context).run_key == f"{run.run_id}/it broke/extract/2026-01-01"
    evaluation = alarm.evaluate_tick(context)
    assert [request.job_name for request in evaluation.run_requests] == ["report"]


def test_a_context_of_a_failure_is_of_a_failure() -> None:
    context = build_run_status_sensor_context(
        "x", told(RunEventKind.RUN_SUCCESS), run=a_run(RunStatus.SUCCESS), partition_key="p"
    )
    assert (context.partition_key, context.run.is_success, context.sensor_name) == ("p", True, "x")
    with pytest.raises(InvocationError, match="RUN_SUCCESS"):
        context.for_run_failure()
    with pytest.raises(InvocationError, match="event= and run="):
        build_run_status_sensor_context("x", told())


def test_its_cursor_is_the_servers() -> None:
    context = build_run_status_sensor_context("x", told(), run=a_run())
    with pytest.raises(InvalidResult, match="kept by the server"):
        context.update_cursor("5")


def test_jobs_that_it_asks_for_are_part_of_the_project() -> None:
    @run_status_sensor(RunStatus.SUCCESS, monitored_jobs=[nightly], request_jobs=[report])
    def chain(context: RunStatusSensorContext) -> RunRequest:
        return RunRequest()

    found: tuple[JobDefinition, ...] = Definitions(sensors=[chain], jobs=[nightly]).jobs
    assert {one.name for one in found} == {"nightly", "report"}
