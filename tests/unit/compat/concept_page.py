"""What upstream's page on sensors shows, as its readers have it in their projects: only the import is another."""

import os

from vedette.compat.dagster import (
    ConfigurableResource,
    DagsterRunStatus,
    DefaultSensorStatus,
    OpExecutionContext,
    RunFailureSensorContext,
    RunRequest,
    RunStatusSensorContext,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    job,
    op,
    repository,
    run_failure_sensor,
    run_status_sensor,
    sensor,
)

FOLDER = os.environ.get("CONCEPT_PAGE_FOLDER", ".")
SENT: list[str] = []


@op(config_schema={"filename": str})
def handle_file(context: OpExecutionContext) -> None:
    context.log.info(context.op_config["filename"])


@job
def handle_file_job() -> None:
    handle_file()


def _config(filename: str) -> dict[str, object]:
    return {"ops": {"handle_file": {"config": {"filename": filename}}}}


# A directory sensor, with run keys.
@sensor(job=handle_file_job, default_status=DefaultSensorStatus.RUNNING)
def directory_sensor():
    for filename in sorted(os.listdir(FOLDER)):
        yield RunRequest(run_key=filename, run_config=_config(filename))


# With a cursor.
@sensor(job=handle_file_job, minimum_interval_seconds=45)
def directory_sensor_with_cursor(context: SensorEvaluationContext):
    last = float(context.cursor) if context.cursor else 0.0
    newest = last
    for filename in sorted(os.listdir(FOLDER)):
        changed = os.stat(os.path.join(FOLDER, filename)).st_mtime
        if changed > last:
            yield RunRequest(run_key=f"{filename}:{changed}", run_config=_config(filename))
            newest = max(newest, changed)
    context.update_cursor(str(newest))


# With a reason to skip, and with lines that are kept.
@sensor(job=handle_file_job)
def directory_sensor_with_reasons(context):
    names = sorted(os.listdir(FOLDER))
    context.log.info(f"{len(names)} files")
    if not names:
        return SkipReason(f"No files in {FOLDER}.")
    return SensorResult(run_requests=[RunRequest(run_key=name, run_config=_config(name)) for name in names])


# With a resource.
class UsersAPI(ConfigurableResource):
    url: str

    def fetch_users(self) -> list[str]:
        return [f"{self.url}/ada", f"{self.url}/grace"]


@sensor(job=handle_file_job)
def new_users_sensor(users_api: UsersAPI):
    for user in users_api.fetch_users():
        yield RunRequest(run_key=user, run_config=_config(user))


# On the status of runs, and on their failure.
@run_status_sensor(run_status=DagsterRunStatus.SUCCESS, request_job=handle_file_job)
def report_sensor(context: RunStatusSensorContext):
    if context.dagster_run.job_name == handle_file_job.name:
        return SkipReason("This is the report's own job.")
    return RunRequest(run_key=context.dagster_run.run_id, run_config=_config("report"))


@run_failure_sensor
def on_failure(context: RunFailureSensorContext) -> None:
    SENT.append(f"{context.dagster_run.job_name} failed: {context.failure_event.message}")


@repository
def project():
    return [handle_file_job, directory_sensor, directory_sensor_with_cursor, directory_sensor_with_reasons, on_failure]
