"""Resources around an evaluation and a run: built before, torn down after, whatever happens between."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import uuid4

import pytest

from unit.execution.calls import evaluate
from vedette import (
    ConfigurableResource,
    Definitions,
    EnvVar,
    InitResourceContext,
    ResourceParam,
    SensorEvaluationContext,
    SkipReason,
    job,
    op,
    resource,
    sensor,
)
from vedette.domain.events import RunEvent, RunEventKind
from vedette.domain.ticks import EvaluationInstruction
from vedette.execution.process_resources import ProcessResources

noted: list[str] = []
began = asyncio.Event()


@pytest.fixture(autouse=True)
def _forget() -> None:
    noted.clear()


class Client(ConfigurableResource):
    token: str

    def setup_for_execution(self, context: InitResourceContext) -> None:
        """Note it."""
        context.log.info("setting up with %s", self.token)
        noted.append(f"up {threading.current_thread() is threading.main_thread()}")

    def teardown_after_execution(self, context: InitResourceContext) -> None:
        """Note it."""
        noted.append("down")


class AsyncClient(ConfigurableResource):
    async def setup_for_execution(self, context: InitResourceContext) -> None:
        """Note it."""
        await asyncio.sleep(0)
        noted.append("async up")

    async def teardown_after_execution(self, context: InitResourceContext) -> None:
        """Note it."""
        noted.append("async down")


@resource
async def agenerated(context: InitResourceContext) -> AsyncIterator[str]:
    noted.append("gen up")
    yield "generated"
    noted.append("gen down")


@resource
@contextlib.contextmanager
def managed(context: InitResourceContext) -> Iterator[str]:
    noted.append("managed up")
    try:
        yield "managed"
    finally:
        noted.append("managed down")


@resource
async def awaited() -> str:
    return "awaited"


@resource
def never() -> None:
    raise AssertionError("nobody needs it")


@resource
def broken() -> None:
    raise ConnectionError("no route")


@resource
def breaks_late() -> Iterator[int]:
    yield 1
    raise ConnectionError("lost")


ALL = {
    "client": Client(token=EnvVar("CLIENT_TOKEN")),
    "aclient": AsyncClient(),
    "generated": agenerated,
    "managed": managed,
    "awaited": awaited,
    "never": never,
    "broken": broken,
    "breaks_late": breaks_late,
}


@sensor()
def syncs(
    client: Client, aclient: AsyncClient, generated: ResourceParam[str], awaited: ResourceParam[str]
) -> SkipReason:
    noted.append("evaluated")
    return SkipReason(f"{generated} {awaited}")


@sensor()
async def asyncs(client: Client, aclient: AsyncClient, managed: ResourceParam[str]) -> SkipReason:
    noted.append("evaluated")
    return SkipReason(managed)


@sensor(required_resource_keys={"client"})
def fails(context: SensorEvaluationContext) -> None:
    raise ValueError(f"with {context.resources.client.token}")


@sensor(required_resource_keys={"broken", "client"})
def unbuilt() -> None: ...


@sensor(required_resource_keys={"breaks_late"})
def late() -> None: ...


@sensor(required_resource_keys={"aclient"})
async def hangs() -> None:
    noted.append("hangs")
    began.set()
    await asyncio.Event().wait()


DEFINITIONS = Definitions(sensors=[syncs, asyncs, fails, unbuilt, late, hangs], resources=ALL)


def instruction(name: str) -> EvaluationInstruction:
    return EvaluationInstruction(uuid4(), name, 60.0)


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLIENT_TOKEN", "hush-hush-token")


async def test_a_sync_sensor_has_sync_and_async_resources() -> None:
    evaluation = await evaluate(DEFINITIONS, instruction("syncs"))
    assert evaluation.error is None
    assert evaluation.skip_reason == "generated awaited"
    assert noted == ["async up", "up False", "gen up", "evaluated", "gen down", "down", "async down"]
    assert [record.message for record in evaluation.logs] == ["setting up with [EnvVar CLIENT_TOKEN]"]


async def test_an_async_sensor_has_them_and_its_loop_is_not_held_up_by_sync_ones() -> None:
    evaluation = await evaluate(DEFINITIONS, instruction("asyncs"))
    assert evaluation.skip_reason == "managed"
    assert noted == ["async up", "up False", "managed up", "evaluated", "managed down", "down", "async down"]


async def test_resources_are_torn_down_after_a_failure_and_secrets_stay_out_of_its_error() -> None:
    evaluation = await evaluate(DEFINITIONS, instruction("fails"))
    assert evaluation.error is not None
    assert evaluation.error.message == "with [EnvVar CLIENT_TOKEN]"
    assert noted == ["up False", "down"]


async def test_a_resource_that_cannot_be_built_fails_the_evaluation_by_name() -> None:
    evaluation = await evaluate(DEFINITIONS, instruction("unbuilt"))
    assert evaluation.error is not None
    assert (evaluation.error.type, noted) == ("ConnectionError", [])
    assert 'while the resource "broken" was set up' in evaluation.error.message


async def test_a_resource_that_cannot_be_torn_down_fails_the_evaluation() -> None:
    evaluation = await evaluate(DEFINITIONS, instruction("late"))
    assert evaluation.error is not None
    assert 'while the resource "breaks_late" was torn down' in evaluation.error.message


async def test_a_cancelled_evaluation_tears_its_resources_down() -> None:
    task = asyncio.create_task(evaluate(DEFINITIONS, instruction("hangs")))
    async with asyncio.timeout(20):
        await began.wait()
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert noted == ["async up", "hangs", "async down"]


@pytest.mark.parametrize("name", ["syncs", "asyncs"])
def test_evaluate_tick_builds_and_tears_down_what_a_test_gives(name: str) -> None:
    definition = DEFINITIONS.get_sensor_def(name)
    context = SensorEvaluationContext(None, definitions=DEFINITIONS)
    evaluation = definition.evaluate_tick(context)
    assert evaluation.error is None
    assert noted.index("evaluated") < noted.index("async down")


class Pool(ConfigurableResource, lifetime="process"):
    async def setup_for_execution(self, context: InitResourceContext) -> None:
        """Note it."""
        await asyncio.sleep(0.01)
        noted.append("pool up")

    async def teardown_after_execution(self, context: InitResourceContext) -> None:
        """Note it."""
        noted.append("pool down")


@resource(lifetime="process", required_resource_keys={"pool"})
def shared(context: InitResourceContext) -> Iterator[Any]:
    noted.append("shared up")
    yield context.resources.pool
    noted.append("shared down")


tries: list[int] = []


@resource(lifetime="process")
def third_time(context: InitResourceContext) -> int:
    tries.append(1)
    if len(tries) < 3:
        raise ConnectionError("not yet")
    return len(tries)


@sensor()
def pooled(pool: Pool, shared: ResourceParam[Any]) -> SkipReason:
    return SkipReason(str(shared is pool))


@sensor()
async def apooled(pool: Pool) -> SkipReason:
    return SkipReason("there")


@sensor()
def patient(third_time: ResourceParam[int]) -> SkipReason:
    return SkipReason(f"{third_time}")


POOLED = Definitions(
    sensors=[pooled, apooled, patient], resources={"pool": Pool(), "shared": shared, "third_time": third_time}
)


async def test_a_resource_of_the_process_is_built_once_for_all_evaluations_and_torn_down_at_its_end() -> None:
    async with ProcessResources() as process:
        names = ["pooled", "apooled", "pooled", "apooled"] * 3
        evaluations = await asyncio.gather(*(evaluate(POOLED, instruction(name), shared=process) for name in names))
        assert {evaluation.skip_reason for evaluation in evaluations} == {"True", "there"}
        assert (await evaluate(POOLED, instruction("pooled"), shared=process)).skip_reason == "True"
        assert noted == ["pool up", "shared up"]
        assert process.are_there
    assert sorted(noted[2:]) == ["pool down", "shared down"]


async def test_what_could_not_be_built_is_tried_again_by_the_next_evaluation() -> None:
    tries.clear()
    async with ProcessResources() as process:
        for _ in range(2):
            evaluation = await evaluate(POOLED, instruction("patient"), shared=process)
            assert evaluation.error is not None
        for _ in range(2):
            assert (await evaluate(POOLED, instruction("patient"), shared=process)).skip_reason == "3"


@op
def uses(client: Client, generated: ResourceParam[str]) -> str:
    noted.append("op")
    return f"{client.token} {generated}"


@op(required_resource_keys={"pool"})
async def uses_async(context: Any, value: str) -> str:
    noted.append("async op")
    return value + str(type(context.resources.pool).__name__)


@job
def works() -> None:
    uses_async(uses())


def test_a_run_has_what_its_ops_need_from_its_first_to_its_last() -> None:
    bound = Definitions(jobs=[works], resources={**ALL, "pool": Pool()}).get_job_def("works")
    result = bound.execute_in_process()
    assert result.output_for_node("uses_async") == "hush-hush-token generatedPool"
    assert noted == ["up True", "gen up", "pool up", "op", "async op", "pool down", "gen down", "down"]
    assert not any("hush" in str(event) for event in result.events)


@job
def never_begins() -> None:
    op(name="takes", required_resource_keys={"broken"})(lambda: None)()


@job
def ends_badly() -> None:
    op(name="takes_late", required_resource_keys={"breaks_late"})(lambda: noted.append("ran"))()


def test_a_run_whose_resources_cannot_be_built_executes_nothing_and_says_why() -> None:
    bound = Definitions(jobs=[never_begins], resources=ALL).get_job_def("never_begins")
    result = bound.execute_in_process(raise_on_error=False)
    assert not result.success
    assert result.error is not None
    assert result.error.message.startswith("The run's resources could not be set up: ConnectionError: no route")
    assert kinds(result.events) == []


def test_a_run_whose_resources_cannot_be_torn_down_fails() -> None:
    bound = Definitions(jobs=[ends_badly], resources=ALL).get_job_def("ends_badly")
    result = bound.execute_in_process(raise_on_error=False)
    assert noted == ["ran"]
    assert result.error is not None
    assert 'while the resource "breaks_late" was torn down' in result.error.message
    assert RunEventKind.STEP_SUCCESS in kinds(result.events)


def kinds(events: tuple[RunEvent, ...]) -> list[RunEventKind]:
    return [event.kind for event in events if event.kind is not RunEventKind.LOG]
