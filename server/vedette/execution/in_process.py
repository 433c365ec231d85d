"""Evaluates and runs in the author's own process, for `sensor.evaluate_tick` and `job.execute_in_process`."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Mapping
from contextvars import copy_context
from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from vedette.authoring.assets.io_managers import InMemoryIOManager
from vedette.authoring.contexts import SensorEvaluationContext
from vedette.authoring.definitions import Definitions
from vedette.authoring.in_process import ExecuteInProcessResult
from vedette.authoring.instance.asking import SHARED_LOOP
from vedette.authoring.instance.instance import VedetteInstance
from vedette.authoring.jobs import JobDefinition
from vedette.authoring.logs import to_standard_logging
from vedette.authoring.resources.registry import ResourceRegistry
from vedette.authoring.resources.scoped import Resources
from vedette.authoring.sensors import SensorDefinition
from vedette.domain import secrets
from vedette.domain.assets import AssetKey
from vedette.domain.events import RunEvent
from vedette.domain.ids import new_id
from vedette.domain.logs import ErrorInfo, LogRecord
from vedette.domain.runs import Run, RunInstruction, RunStatus
from vedette.domain.ticks import Evaluation
from vedette.execution.capture import CURRENT, Capture
from vedette.execution.collecting import Unfinished
from vedette.execution.evaluation import LOG_LIMIT, Attempt, failed, finished
from vedette.execution.redirection import redirect
from vedette.execution.requested_partitions import check_partition
from vedette.execution.resource_drivers import ThreadDriver, driven
from vedette.execution.resource_scopes import ResourceScope
from vedette.execution.run import RunExecution

Result = TypeVar("Result")


class InThisProcess:
    """Calls user code in the caller's thread; Ctrl-C ends it as anywhere."""

    def evaluate(self, sensor: SensorDefinition, context: SensorEvaluationContext) -> Evaluation:
        """Evaluate `sensor`, its coroutines on a loop of their own."""
        logs: list[LogRecord] = []
        capture = Capture(logs.append, LOG_LIMIT, echo=True)
        context.adopt(sensor.name, capture.add_logged)
        context.add_resources(f'Sensor "{sensor.name}"', {}, sensor.required_resource_keys)
        attempt = Attempt(sensor, context, None, lambda: None)
        # Its resources are the context's; what it may ask for is what the Definitions say, if they are known.
        attempt.definitions = context.definitions_with(sensor)
        redirect()
        token = CURRENT.set(capture)
        try:
            with context:
                driven(attempt.prepare(ThreadDriver(_await)))
                unfinished = attempt.begin()
                evaluation = attempt.end() if unfinished is None else _with_loop(lambda: _finish(attempt, unfinished))
        except KeyboardInterrupt:
            raise
        except BaseException as exception:
            evaluation = failed(exception)
        finally:
            CURRENT.reset(token)
            capture.close()
        return finished(evaluation, tuple(logs), attempt.duration_seconds)

    def open_resources(
        self, registry: ResourceRegistry, keys: frozenset[str], owner: str
    ) -> tuple[Resources, Callable[[], None] | None]:
        """Build resources in the caller's thread, what is async on a loop of their own."""
        scope = ResourceScope(registry, keys, owner, to_standard_logging)
        runner = asyncio.Runner()
        driver = ThreadDriver(lambda awaitable: _with_loop(lambda: runner.run(_awaited(awaitable))))
        try:
            resources = driven(scope.open(driver))
        except BaseException:
            runner.close()
            raise

        def close() -> None:
            try:
                error = driven(scope.close(driver))
            finally:
                _with_loop(runner.close)
            if error is not None:
                raise error

        if scope.holds_something:
            return resources, close
        runner.close()
        return resources, None

    def execute(
        self,
        job: JobDefinition,
        run_config: Mapping[str, object],
        tags: Mapping[str, str],
        partition_key: str | None,
        raise_on_error: bool,
        instance: VedetteInstance | None,
    ) -> ExecuteInProcessResult:
        """Run `job` and record the run in `instance`.

        Raises InvalidConfig, and what the first op that failed raised if `raise_on_error`.
        """
        if partition_key is not None:
            check_partition(job, partition_key)
        instruction = RunInstruction(new_id(), job.name, dict(run_config), dict(tags), partition_key)
        definitions = Definitions(jobs=[job])
        run = RunExecution(
            definitions,
            instruction,
            keep_outputs=True,
            echo=True,
            default_io_manager=InMemoryIOManager(),
            instance=instance,
        )
        events: list[RunEvent] = []
        began_at = datetime.now(UTC)
        error = _with_loop(lambda: run.execute(events.append))
        ended = _ended(instruction, began_at, error)
        if instance is not None:
            shown = secrets.masked(job.shape.marked(ended.run_config))
            instance.record_run(msgspec.structs.replace(ended, run_config=shown), tuple(events))
        if run.exception is not None and raise_on_error:
            raise run.exception
        return ExecuteInProcessResult(ended, tuple(events), run.outputs, _assets_of(job))


def _assets_of(job: JobDefinition) -> dict[AssetKey, tuple[str, str]]:
    """Return which outputs, by (op name, output name), are assets."""
    return {
        spec.key: (node.name, output)
        for node in job.nodes
        if node.assets is not None
        for output, spec in node.assets.specs.items()
    }


def _ended(instruction: RunInstruction, began_at: datetime, error: ErrorInfo | None) -> Run:
    """Return the run as it is once it has ended."""
    return Run(
        id=instruction.run_id,
        code_location="in_process",
        job_name=instruction.job_name,
        status=RunStatus.SUCCESS if error is None else RunStatus.FAILURE,
        queued_at=began_at,
        tags=instruction.tags,
        run_config=instruction.run_config,
        partition_key=instruction.partition_key,
        started_at=began_at,
        finished_at=datetime.now(UTC),
        error=error,
    )


def _await(awaitable: Awaitable[Result]) -> Result:
    return _with_loop(lambda: asyncio.run(_awaited(awaitable)))


async def _awaited(awaitable: Awaitable[Result]) -> Result:
    return await awaitable


def _finish(attempt: Attempt, unfinished: Unfinished) -> Evaluation:
    async def drained() -> None:
        # As on a server, where others would wait.
        SHARED_LOOP.set(asyncio.get_running_loop())
        rest: Unfinished | None = unfinished
        while rest is not None:
            rest = attempt.collected.take(await attempt.collected.finish(rest))

    asyncio.run(drained())
    return attempt.end()


def _with_loop(call: Callable[[], Result]) -> Result:
    """Return what `call` does, in a thread of its own where this one has a running loop already (an async test)."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return call()
    return _in_thread(call)


def _in_thread(call: Callable[[], Result]) -> Result:
    results: list[Result] = []
    failures: list[BaseException] = []

    def called() -> None:
        try:
            results.append(call())
        except BaseException as exception:
            failures.append(exception)

    thread = threading.Thread(target=copy_context().run, args=(called,))
    thread.start()
    thread.join()
    if failures:
        raise failures[0]
    return results[0]
