"""One run of a job: its ops in order, each with the outputs of those before it."""

import asyncio
import inspect
import itertools
import json
import logging
import time
from collections.abc import Awaitable, Mapping
from contextvars import copy_context
from functools import partial
from typing import Any

from vedette.authoring.assets.io_managers import FilesystemIOManager, IOManager
from vedette.authoring.assets.jobs import part_of
from vedette.authoring.definitions import Definitions
from vedette.authoring.graph import Node, Source
from vedette.authoring.hooks import HookContext
from vedette.authoring.instance.instance import VedetteInstance
from vedette.authoring.jobs import JobDefinition
from vedette.authoring.logs import ContextLogger
from vedette.authoring.op_contexts import OpExecutionContext
from vedette.authoring.redaction import hide
from vedette.authoring.resources.scoped import Resources
from vedette.authoring.retries import Failure, retry_after
from vedette.authoring.telling import Telling
from vedette.authoring.text import cleaned
from vedette.domain import secrets
from vedette.domain.events import RunEventKind
from vedette.domain.failure_policy import shown_seconds
from vedette.domain.logs import ErrorInfo
from vedette.domain.runs import RunInstruction
from vedette.execution.asset_steps import AssetStepExecution
from vedette.execution.capture import Capture, capturing
from vedette.execution.errors import describe
from vedette.execution.io_managers import IOManagers
from vedette.execution.op_values import OpValues
from vedette.execution.outputs import Outputs
from vedette.execution.redirection import redirect
from vedette.execution.resource_drivers import ThreadDriver, driven
from vedette.execution.resource_scopes import ResourceScope
from vedette.execution.run_journal import Emit, RunJournal
from vedette.execution.step_hooks import hooks_of, needed_by, run_hook
from vedette.execution.step_traces import traced

# How much of a config an event tells.
MAX_TOLD_BYTES = 8 * 1024


class RunExecution:
    """A run that is prepared and can be executed once.

    `steps` are the names of its ops in the order of execution. With `keep_outputs` every output stays in `outputs`,
    else each is let go when the last op that takes it has ended. An exception of the types `interrupts` is meant for
    the run, not for the op that it hits: it ends the run and is raised by `execute`. Any other is the op's failure.
    Derive such a type from KeyboardInterrupt: asyncio lets no other out of a callback.
    """

    def __init__(
        self,
        definitions: Definitions,
        instruction: RunInstruction,
        *,
        keep_outputs: bool = False,
        echo: bool = False,
        interrupts: tuple[type[BaseException], ...] = (KeyboardInterrupt,),
        default_io_manager: IOManager | None = None,
        instance: VedetteInstance | None = None,
    ) -> None:
        """Prepare the run; raises DefinitionError for an unknown job, InvalidConfig for a config it refuses."""
        self._job = job_of(definitions, instruction)
        self._default_io_manager = default_io_manager or FilesystemIOManager()
        self._instruction = instruction
        self._instance = instance
        # The config of a partition is told by user code, which is not to run before the run has started.
        self._asks_partition = self._job.asks_partition(instruction.run_config, instruction.partition_key)
        self._run_config: Mapping[str, Any] = {}
        self._configs: dict[str, Any] = {}
        self._resource_configs: dict[str, Any] = {}
        if not self._asks_partition:
            self._configure(self._job.effective_config(instruction.run_config))
        self._resources = Resources({}, f'Job "{self._job.name}"')
        self._values = OpValues(self._instruction, self._resources)
        self._keep_outputs = keep_outputs
        self._echo = echo
        self._interrupts = interrupts
        self._runner = asyncio.Runner()
        self._driver = ThreadDriver(self._on_loop)
        self._nodes = _to_execute(self._job.nodes, frozenset(instruction.done_steps))
        self.steps = tuple(node.name for node in self._nodes)
        self._executed = frozenset(self.steps)
        self.outputs: dict[tuple[str, str], Any] = {}
        # The exception of the first op that failed.
        self.exception: BaseException | None = None
        self._error: ErrorInfo | None = None
        self._unused = _uses(self._nodes)

    def execute(self, emit: Emit) -> ErrorInfo | None:
        """Execute the ops and return None, or the error of the first that failed, with its name.

        `emit` gets every event at once, one at a time, mostly in this thread. Ops that do not need a failed one's
        outputs are still executed. Sync ops are called in this thread, outside of any loop; async ones on one loop.
        """
        redirect()
        journal = RunJournal(emit, self._echo)
        try:
            if not self._asks_partition or self._ask_partition(journal):
                self._execute_all(journal)
        finally:
            self._runner.close()
            journal.close()
        return self._error

    def _configure(self, run_config: Mapping[str, Any]) -> None:
        self._run_config = run_config
        for secret in secrets.values(self._job.shape.marked(run_config)):
            hide(str(secret), secrets.MASK)
        self._configs = self._job.resolve_config(run_config)
        self._resource_configs = self._job.resolve_resource_config(run_config)

    def _ask_partition(self, journal: RunJournal) -> bool:
        """Take the config of the partition; where there is none to be had, the run fails before its first op."""
        key = self._instruction.partition_key
        try:
            with capturing(journal.capture(None)):
                self._configure(self._job.effective_config({}, key))
        except self._interrupts:
            raise
        except BaseException as exception:
            self._fails(exception, f'The config of partition "{key}" could not be told')
            return False
        shown = secrets.masked(self._job.shape.marked(self._run_config))
        told = cleaned(json.dumps(shown, ensure_ascii=False), MAX_TOLD_BYTES)
        journal.add(RunEventKind.ENGINE, None, f'The run config is that of partition "{key}": {told}')
        return True

    def _execute_all(self, journal: RunJournal) -> None:
        needed = frozenset().union(*(needed_by(self._job, node) for node in self._nodes))
        if needed:
            capture = journal.capture(None)
            scope = self._scope(needed, capture)
            try:
                if self._set_up(scope, capture):
                    self._execute_nodes(journal)
            finally:
                self._tear_down(scope, capture)
        else:
            self._execute_nodes(journal)

    def _execute_nodes(self, journal: RunJournal) -> None:
        for node in self._nodes:
            self._step(node, journal)

    def _scope(self, needed: frozenset[str], capture: Capture) -> ResourceScope:
        return ResourceScope(
            self._job.resources,
            needed,
            f'Job "{self._job.name}"',
            capture.add_logged,
            configs=self._resource_configs,
            run_id=str(self._instruction.run_id),
        )

    def _set_up(self, scope: ResourceScope, capture: Capture) -> bool:
        try:
            with capturing(capture):
                self._resources = driven(scope.open(self._driver))
                self._values = OpValues(self._instruction, self._resources)
        except self._interrupts:
            raise
        except BaseException as exception:
            self._fails(exception, "The run's resources could not be set up")
            return False
        return True

    def _tear_down(self, scope: ResourceScope, capture: Capture) -> None:
        with capturing(capture):
            error = driven(scope.close(self._driver))
            if error is not None and self._error is not None:
                logging.getLogger("resource").error("A resource could not be torn down.", exc_info=error)
        if error is not None:
            self._fails(error, "The run's resources could not be torn down")

    def _step(self, node: Node, journal: RunJournal) -> None:
        # An op that is not executed has succeeded before, and nothing takes its outputs.
        missing = [
            handle
            for handle in node.sources()
            if handle.node in self._executed and (handle.node, handle.output) not in self.outputs
        ]
        if missing:
            first = missing[0]
            journal.add(
                RunEventKind.STEP_SKIPPED, node.name, f'Output "{first.output}" of op "{first.node}" never came.'
            )
        else:
            self._execute(node, journal)
        self._release(node)

    def _execute(self, node: Node, journal: RunJournal) -> None:
        capture = journal.capture(node.name)
        journal.add(RunEventKind.STEP_STARTED, node.name)
        with capturing(capture), traced(self._instruction.trace, node.name):
            try:
                outputs = self._until_done(node, capture, journal)
            except self._interrupts:
                raise
            except BaseException as exception:
                self._failed(node, exception, journal)
                self._hooks(node, capture, journal, exception=exception)
            else:
                self.outputs.update({(node.name, name): value for name, value in outputs.items()})
                journal.add(RunEventKind.STEP_SUCCESS, node.name)
                self._hooks(node, capture, journal, outputs=outputs)

    def _until_done(self, node: Node, capture: Capture, journal: RunJournal) -> Mapping[str, Any]:
        """Call the op, again where it may be tried again; raises what it raised last."""
        policy = node.op.retry_policy or self._job.op_retry_policy
        for retries in itertools.count():
            try:
                return self._call(node, capture, journal, retries)
            except self._interrupts:
                raise
            except BaseException as exception:
                again = retry_after(exception, policy, retries)
                if again is None:
                    raise
                capture.flush()
                self._announce(node, exception, retries + 1, *again, journal)
                # A cancelled run is woken by its signal.
                time.sleep(again[1])
            finally:
                capture.flush()
        raise AssertionError("there is no last number")

    def _announce(
        self, node: Node, exception: BaseException, retry: int, most: int, seconds: float, journal: RunJournal
    ) -> None:
        error = describe(exception)
        when = f"in {shown_seconds(seconds)}" if seconds else "at once"
        message = f"{error.message} It is tried again {when} (retry {retry} of {most})."
        journal.add(RunEventKind.STEP_RETRY, node.name, message, error)

    def _hooks(
        self,
        node: Node,
        capture: Capture,
        journal: RunJournal,
        exception: BaseException | None = None,
        outputs: Mapping[str, Any] | None = None,
    ) -> None:
        for hook in hooks_of(self._job, node, failed=exception is not None):
            context = HookContext(
                hook_def=hook,
                op=node.op,
                step_key=node.name,
                run_id=str(self._instruction.run_id),
                job_name=self._job.name,
                op_config=self._configs.get(node.name),
                op_exception=exception,
                op_output_values=outputs,
                sink=capture.add_logged,
                instance=self._instance,
            )
            context.provide(self._resources.only(hook.required_resource_keys, f'Hook "{hook.name}"'))
            run_hook(hook, context, self._on_loop, journal, self._interrupts)
            capture.flush()

    def _call(self, node: Node, capture: Capture, journal: RunJournal, retries: int) -> Mapping[str, Any]:
        function = node.op.function
        config = function.config_value(self._configs.get(node.name))
        telling = Telling(partial(journal.tell, node.name), tuple(node.op.outputs))
        context = self._context(node, config, capture, telling, retries)
        context.provide(self._resources.only(node.op.function.required_resource_keys, f'Op "{node.name}"'))
        inputs = {name: self._value(node, name, source, context.log) for name, source in node.inputs.items()}
        outputs = Outputs(node.op, node.name, telling)
        if node.assets is not None:
            io_managers = IOManagers({key: self._resources[key] for key in self._resources}, self._default_io_manager)
            step = AssetStepExecution(node.assets, node.name, self._instruction, io_managers, telling, context.log)
            inputs, outputs = step.inputs(), step.outputs
        result = function.call(**function.arguments(context, config, inputs))
        if function.is_generator:
            outputs.drain(result)
        elif function.is_async_generator:
            self._on_loop(outputs.drain_async(result))
        elif inspect.isawaitable(result):
            outputs.take(self._on_loop(result))
        else:
            outputs.take(result)
        completed = outputs.complete()
        if node.assets is None:
            self._values.keep(node, completed, context.log)
        return completed

    def _value(self, node: Node, name: str, source: Source, log: ContextLogger) -> Any:
        if isinstance(source, tuple):
            return [self._value(node, name, handle, log) for handle in source]
        return self._values.load(node, name, source, self.outputs[source.node, source.output], log)

    def _on_loop(self, awaitable: Awaitable[Any]) -> Any:
        async def awaited() -> Any:
            return await awaitable

        return self._runner.run(awaited(), context=copy_context())

    def _context(self, node: Node, config: Any, capture: Capture, telling: Telling, retries: int) -> OpExecutionContext:
        return OpExecutionContext(
            op_name=node.name,
            op_config=config,
            run_id=str(self._instruction.run_id),
            job_name=self._job.name,
            run_config=self._run_config,
            tags=self._instruction.tags,
            partition_key=self._instruction.partition_key,
            partitions_def=self._job.partitions_def,
            attempt=self._instruction.attempt,
            retry_number=retries,
            sink=capture.add_logged,
            telling=telling,
            instance=self._instance,
        )

    def _failed(self, node: Node, exception: BaseException, journal: RunJournal) -> None:
        error = describe(exception)
        data = {"metadata": exception.metadata} if isinstance(exception, Failure) and exception.metadata else None
        journal.add(RunEventKind.STEP_FAILURE, node.name, error.message, error, data)
        self._fails(exception, f'Op "{node.name}" failed')

    def _fails(self, exception: BaseException, what: str) -> None:
        if self._error is None:
            self.exception = exception
            error = describe(exception)
            self._error = ErrorInfo(error.type, f"{what}: {error.type}: {error.message}", error.stack, error.cause)

    def _release(self, node: Node) -> None:
        if self._keep_outputs:
            return
        for handle in node.sources():
            self._unused[handle.node, handle.output] -= 1
        for key in [key for key in self.outputs if not self._unused.get(key)]:
            del self.outputs[key]


def job_of(definitions: Definitions, instruction: RunInstruction) -> JobDefinition:
    """Return the job that a run is of, or the part of it; raises DefinitionError, InvalidResult."""
    job = definitions.get_job_def(instruction.job_name)
    if instruction.asset_selection is None and instruction.asset_checks is None:
        return job
    return part_of(job, instruction.asset_selection, instruction.asset_checks)


def _to_execute(nodes: tuple[Node, ...], done: frozenset[str]) -> tuple[Node, ...]:
    """Return the ops that are not done, and those whose outputs these take, in the order of `nodes`."""
    kept: list[Node] = []
    taken: set[str] = set()
    for node in reversed(nodes):
        if node.name not in done or node.name in taken:
            kept.append(node)
            for source in node.inputs.values():
                taken.update(handle.node for handle in (source if isinstance(source, tuple) else (source,)))
    return tuple(reversed(kept))


def _uses(nodes: tuple[Node, ...]) -> dict[tuple[str, str], int]:
    uses: dict[tuple[str, str], int] = {}
    for node in nodes:
        for handle in node.sources():
            uses[handle.node, handle.output] = uses.get((handle.node, handle.output), 0) + 1
    return uses
