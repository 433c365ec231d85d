"""Evaluating and running in the author's own process, for tests: what it takes, and who does it.

Calling user code is the business of the layer above. `import vedette` hands it in here, so that
`sensor.evaluate_tick()` and `job.execute_in_process()` can be methods.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from vedette.domain.events import RunEvent
from vedette.domain.logs import ErrorInfo
from vedette.domain.ticks import Evaluation
from vedette.errors import InvocationError

if TYPE_CHECKING:
    from vedette.authoring.contexts import SensorEvaluationContext
    from vedette.authoring.jobs import JobDefinition
    from vedette.authoring.resources.registry import ResourceRegistry
    from vedette.authoring.resources.scoped import Resources
    from vedette.authoring.sensors import SensorDefinition


class ExecuteInProcessResult:
    """What a run in process came to. `error` is the first op's that failed, None after a success."""

    def __init__(
        self,
        job_name: str,
        run_id: str,
        events: tuple[RunEvent, ...],
        outputs: Mapping[tuple[str, str], Any],
        error: ErrorInfo | None,
    ) -> None:
        """Hold a run's events, in order, and the outputs by (op name, output name)."""
        self.job_name = job_name
        self.run_id = run_id
        self.events = events
        self.error = error
        self._outputs = outputs

    @property
    def success(self) -> bool:
        """Tell whether every op succeeded."""
        return self.error is None

    def output_for_node(self, name: str, output_name: str = "result") -> Any:
        """Return an output of the op `name`; raises InvocationError if there is none."""
        try:
            return self._outputs[name, output_name]
        except KeyError:
            there = ", ".join(f"{node}.{output}" for node, output in self._outputs) or "none"
            raise InvocationError(
                f'The run of job "{self.job_name}" has no output "{output_name}" of an op "{name}"; there are: {there}.'
            ) from None


class InProcess(Protocol):
    """Who calls user code in this process."""

    def evaluate(self, sensor: "SensorDefinition", context: "SensorEvaluationContext") -> Evaluation:
        """Evaluate a sensor; an exception of its function is the evaluation's error."""

    def open_resources(
        self, registry: "ResourceRegistry", keys: frozenset[str], owner: str
    ) -> "tuple[Resources, Callable[[], None] | None]":
        """Build resources; with them comes how to tear them down, None where there is nothing to tear down."""

    def execute(
        self,
        job: "JobDefinition",
        run_config: Mapping[str, Any],
        tags: Mapping[str, str],
        partition_key: str | None,
        raise_on_error: bool,
    ) -> ExecuteInProcessResult:
        """Run a job; raises InvalidConfig, and what an op raised if `raise_on_error`."""


_ENGINES: list[InProcess] = []


def install(in_process: InProcess) -> None:
    """Make `in_process` the one that `engine` returns."""
    _ENGINES[:] = [in_process]


def engine() -> InProcess:
    """Return who calls user code in this process."""
    return _ENGINES[0]
