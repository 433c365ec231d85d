"""What authors test their sensors and jobs with: no server runs, nothing is recorded."""

from collections.abc import Iterator
from typing import Any

import pytest

from vedette import (
    Config,
    ConfigurableResource,
    Definitions,
    InvalidConfig,
    InvocationError,
    RunConfig,
    RunRequest,
    SensorEvaluationContext,
    SensorResult,
    build_run_status_sensor_context,
    build_sensor_context,
    job,
    op,
    run_failure_sensor,
    sensor,
    validate_run_config,
)
from vedette.domain.runs import RunStatus


class UsersApi(ConfigurableResource):
    url: str = "there"

    def fetch_users(self) -> list[str]:
        """Ask for them."""
        raise ConnectionError(self.url)


class FakeUsersApi(UsersApi):
    def fetch_users(self) -> list[str]:
        """Return two."""
        return ["1", "2"]


class Process(Config):
    user: str


@op
def process(config: Process) -> str:
    if config.user == "bad":
        raise ValueError("bad user")
    return config.user


@job
def process_user() -> None:
    process()


@sensor(job=process_user)
def new_users(context: SensorEvaluationContext, users_api: UsersApi) -> Iterator[RunRequest]:
    for user in users_api.fetch_users():
        yield RunRequest(user, RunConfig(ops={"process": Process(user=user)}))


def test_the_resource_test_of_upstreams_page_works_with_a_list_around_the_generator() -> None:
    context = build_sensor_context()
    requests = list(new_users(context, users_api=FakeUsersApi()))
    assert [request.run_key for request in requests] == ["1", "2"]
    for request in requests:
        assert validate_run_config(process_user, request.run_config)


def test_a_context_is_built_with_everything_upstreams_takes() -> None:
    definitions = Definitions(sensors=[new_users], resources={"users_api": FakeUsersApi()})
    context = build_sensor_context(
        None, "here", "repo", None, "new_users", {"more": 1}, definitions, last_sensor_start_time=2.0
    )
    assert (context.cursor, context.sensor_name, context.last_sensor_start_time) == ("here", "new_users", 2.0)
    assert context.repository_def is definitions
    assert context.repository_def.get_job_def("process_user").name == "process_user"
    assert context.resource_defs.keys() == {"users_api", "more"}
    assert context.resources.more == 1
    with pytest.raises(InvocationError, match=r"build_sensor_context\(definitions=...\)"):
        _ = build_sensor_context().repository_def


def test_evaluate_tick_validates_and_records_nothing() -> None:
    definitions = Definitions(sensors=[new_users], resources={"users_api": FakeUsersApi()})
    evaluation = new_users.evaluate_tick(build_sensor_context(definitions=definitions))
    assert [(one.run_key, one.job_name) for one in evaluation.run_requests] == [
        ("1", "process_user"),
        ("2", "process_user"),
    ]
    evaluation = new_users.evaluate_tick(build_sensor_context(resources={"users_api": UsersApi()}))
    assert evaluation.error is not None
    assert (evaluation.error.type, evaluation.error.message) == ("ConnectionError", "there")


def test_direct_invocation_gives_what_the_function_returns() -> None:
    @sensor()
    def plain() -> SensorResult:
        return SensorResult(cursor="a")

    assert plain().cursor == "a"
    assert new_users(context=build_sensor_context(), users_api=FakeUsersApi()).__next__().run_key == "1"
    with pytest.raises(InvocationError, match='expects the argument "context"'):
        new_users(ctx=build_sensor_context(), users_api=FakeUsersApi())


def test_a_run_in_process_has_its_run_and_the_event_of_its_end() -> None:
    result = process_user.execute_in_process(RunConfig(ops={"process": Process(user="a")}), tags={"team": "x"})
    assert result.run is result.dagster_run
    assert (result.run.status, result.run.tags, result.run.job_name) == (
        RunStatus.SUCCESS,
        {"team": "x"},
        "process_user",
    )
    assert result.get_run_success_event().kind == "RUN_SUCCESS"
    with pytest.raises(InvocationError, match="it has no event RUN_FAILURE"):
        result.get_run_failure_event()
    with pytest.raises(InvalidConfig, match=r"ops\.process\.config\.user is missing"):
        validate_run_config(process_user, {"ops": {"process": {"config": {}}}})


class Pager(ConfigurableResource):
    number: str

    def call(self, text: str) -> str:
        """Say what it would say."""
        return f"{self.number}: {text}"


@run_failure_sensor
def alarm(context: Any, pager: Pager) -> str:
    return pager.call(f"{context.run.job_name} {context.failure_event.message}")


def test_a_failed_run_in_process_is_what_a_failure_sensor_is_tested_with() -> None:
    result = process_user.execute_in_process({"ops": {"process": {"config": {"user": "bad"}}}}, raise_on_error=False)
    context = build_run_status_sensor_context(
        "alarm", result.get_run_failure_event(), run=result.run, resources={"pager": Pager(number="112")}
    ).for_run_failure()
    assert alarm(context) == '112: process_user Op "process" failed: ValueError: bad user'
    assert alarm(context.for_run_failure()) is not None
