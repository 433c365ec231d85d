"""The examples of upstream's page on sensors run here with another import, and nothing else changed."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from unit.compat import concept_page
from vedette.compat.dagster import (
    DagsterRun,
    DagsterRunStatus,
    build_run_status_sensor_context,
    build_sensor_context,
    validate_run_config,
)
from vedette.domain.events import RunEvent, RunEventKind


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(concept_page, "FOLDER", str(tmp_path))
    for name in ("a", "b"):
        (tmp_path / name).touch()
    return tmp_path


def test_a_directory_sensor_with_run_keys() -> None:
    for request in concept_page.directory_sensor():
        assert validate_run_config(concept_page.handle_file_job, request.run_config)
    evaluation = concept_page.directory_sensor.evaluate_tick(build_sensor_context())
    assert [request.run_key for request in evaluation.run_requests] == ["a", "b"]


def test_with_a_cursor() -> None:
    first = concept_page.directory_sensor_with_cursor.evaluate_tick(build_sensor_context(cursor="0"))
    assert len(first.run_requests) == 2
    again = concept_page.directory_sensor_with_cursor.evaluate_tick(build_sensor_context(cursor=first.cursor))
    assert again.run_requests == ()
    assert again.cursor == first.cursor
    assert concept_page.directory_sensor_with_cursor.minimum_interval_seconds == 45


def test_with_a_skip_reason_and_lines(folder: Path) -> None:
    full = concept_page.directory_sensor_with_reasons.evaluate_tick(build_sensor_context())
    assert len(full.run_requests) == 2
    for path in folder.iterdir():
        path.unlink()
    empty = concept_page.directory_sensor_with_reasons.evaluate_tick(build_sensor_context())
    assert empty.skip_reason == f"No files in {folder}."
    assert [line.message for line in empty.logs] == ["0 files"]


def test_with_a_resource() -> None:
    requests = list(concept_page.new_users_sensor(users_api=concept_page.UsersAPI(url="http://users")))
    assert [request.run_key for request in requests] == ["http://users/ada", "http://users/grace"]


def finished_run(job_name: str, status: DagsterRunStatus) -> tuple[DagsterRun, RunEvent]:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    run = DagsterRun(id=uuid4(), code_location="here", job_name=job_name, status=status, queued_at=at)
    return run, RunEvent(at, RunEventKind(f"RUN_{status}"), message="No such file.")


def test_on_the_status_of_runs() -> None:
    run, event = finished_run("nightly", DagsterRunStatus.SUCCESS)
    request = concept_page.report_sensor(
        build_run_status_sensor_context("report_sensor", dagster_event=event, dagster_run=run)
    )
    assert request.run_key == run.run_id


def test_on_the_failure_of_runs() -> None:
    run, event = finished_run("nightly", DagsterRunStatus.FAILURE)
    context = build_run_status_sensor_context("on_failure", dagster_event=event, dagster_run=run).for_run_failure()
    concept_page.on_failure(context)
    assert concept_page.SENT.pop() == "nightly failed: No such file."


def test_a_repository_is_definitions() -> None:
    assert {job.name for job in concept_page.project.jobs} == {"handle_file_job"}
    assert "on_failure" in {sensor.name for sensor in concept_page.project.sensors}
