"""One run of a job: its ops in order, each with the outputs of those before it."""

import asyncio
import inspect
from collections.abc import Awaitable, Mapping
from contextvars import copy_context
from typing import Any

from vedette.authoring.definitions import Definitions
from vedette.authoring.graph import Node, OutputHandle
from vedette.authoring.op_contexts import OpExecutionContext
from vedette.domain.events import RunEventKind
from vedette.domain.logs import ErrorInfo
from vedette.domain.runs import RunInstruction
from vedette.execution.capture import CURRENT, Capture
from vedette.execution.errors import describe
from vedette.execution.outputs import Outputs
from vedette.execution.redirection import redirect
from vedette.execution.run_journal import Emit, RunJournal


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
    ) -> None:
        """Prepare the run; raises DefinitionError for an unknown job, InvalidConfig for a config it refuses."""
        self._job = definitions.get_job_def(instruction.job_name)
        self._run_config = self._job.effective_config(instruction.run_config, instruction.partition_key)
        self._configs = self._job.resolve_config(self._run_config)
        self._instruction = instruction
        self._keep_outputs = keep_outputs
        self._echo = echo
        self._interrupts = interrupts
        self._runner = asyncio.Runner()
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
            for node in self._nodes:
                self._step(node, journal)
        finally:
            self._runner.close()
            journal.close()
        return self._error

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
        token = CURRENT.set(capture)
        try:
            outputs = self._call(node, capture)
        except self._interrupts:
            capture.flush()
            raise
        except BaseException as exception:
            capture.flush()
            self._failed(node, exception, journal)
        else:
            capture.flush()
            self.outputs.update({(node.name, name): value for name, value in outputs.items()})
            journal.add(RunEventKind.STEP_SUCCESS, node.name)
        finally:
            CURRENT.reset(token)

    def _call(self, node: Node, capture: Capture) -> Mapping[str, Any]:
        function = node.op.function
        config = self._configs.get(node.name)
        inputs = {name: self._value(source) for name, source in node.inputs.items()}
        result = function.call(**function.arguments(self._context(node, config, capture), config, inputs))
        outputs = Outputs(node.op, node.name)
        if function.is_generator:
            outputs.drain(result)
        elif function.is_async_generator:
            self._on_loop(outputs.drain_async(result))
        elif inspect.isawaitable(result):
            outputs.take(self._on_loop(result))
        else:
            outputs.take(result)
        return outputs.complete()

    def _value(self, source: OutputHandle | tuple[OutputHandle, ...]) -> Any:
        if isinstance(source, tuple):
            return [self.outputs[handle.node, handle.output] for handle in source]
        return self.outputs[source.node, source.output]

    def _on_loop(self, awaitable: Awaitable[Any]) -> Any:
        async def awaited() -> Any:
            return await awaitable

        return self._runner.run(awaited(), context=copy_context())

    def _context(self, node: Node, config: Any, capture: Capture) -> OpExecutionContext:
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
            sink=capture.add_logged,
        )

    def _failed(self, node: Node, exception: BaseException, journal: RunJournal) -> None:
        error = describe(exception)
        journal.add(RunEventKind.STEP_FAILURE, node.name, error.message, error)
        if self._error is None:
            self.exception = exception
            message = f'Op "{node.name}" failed: {error.type}: {error.message}'
            self._error = ErrorInfo(error.type, message, error.stack, error.cause)

    def _release(self, node: Node) -> None:
        if self._keep_outputs:
            return
        for handle in node.sources():
            self._unused[handle.node, handle.output] -= 1
        for key in [key for key in self.outputs if not self._unused.get(key)]:
            del self.outputs[key]


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
