"""Evaluating and running in the author's own process, for tests: what it takes, and who does it.

Calling user code is the business of the layer above. `import vedette` hands it in here, so that
`sensor.evaluate_tick()` and `job.execute_in_process()` can be methods.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from vedette.authoring.asset_events import AssetCheckEvaluation, AssetMaterialization, check_of, materialization_of
from vedette.domain.assets import AssetKey, CoercibleToAssetKey
from vedette.domain.events import RunEvent, RunEventKind
from vedette.domain.logs import ErrorInfo
from vedette.domain.runs import Run
from vedette.domain.ticks import Evaluation
from vedette.errors import InvocationError

if TYPE_CHECKING:
    from vedette.authoring.contexts import SensorEvaluationContext
    from vedette.authoring.instance.instance import VedetteInstance
    from vedette.authoring.jobs import JobDefinition
    from vedette.authoring.resources.registry import ResourceRegistry
    from vedette.authoring.resources.scoped import Resources
    from vedette.authoring.sensors import SensorDefinition


class ExecuteInProcessResult:
    """What a run in process came to: the `run`, the `events` of its steps in order, and outputs."""

    def __init__(
        self,
        run: Run,
        events: tuple[RunEvent, ...],
        outputs: Mapping[tuple[str, str], Any],
        assets: Mapping[AssetKey, tuple[str, str]] | None = None,
    ) -> None:
        """Hold a run that has ended, its events, the outputs by (op name, output name), which of them are assets."""
        self.run = run
        self.events = events
        self._outputs = outputs
        self._assets = assets or {}

    @property
    def job_name(self) -> str:
        """Return the name of the job."""
        return self.run.job_name

    @property
    def run_id(self) -> str:
        """Return the id of the run, as text."""
        return self.run.run_id

    @property
    def error(self) -> ErrorInfo | None:
        """Return the error of the first op that failed, None after a success."""
        return self.run.error

    @property
    def dagster_run(self) -> Run:
        """Return the run, by upstream's name."""
        return self.run

    def get_run_success_event(self) -> RunEvent:
        """Return the event that tells that the run succeeded, to build a context with; raises InvocationError."""
        return self._ending(RunEventKind.RUN_SUCCESS)

    def get_run_failure_event(self) -> RunEvent:
        """Return the event that tells that the run failed, to build a context with; raises InvocationError."""
        return self._ending(RunEventKind.RUN_FAILURE)

    # Their names before upstream's 1.13.
    get_job_success_event, get_job_failure_event = get_run_success_event, get_run_failure_event

    def _ending(self, kind: RunEventKind) -> RunEvent:
        if kind != f"RUN_{self.run.status}":
            raise InvocationError(f'The run of job "{self.job_name}" is {self.run.status}: it has no event {kind}.')
        message = None if self.error is None else self.error.message
        return RunEvent(self.run.finished_at or self.run.queued_at, kind, message=message, error=self.error)

    @property
    def success(self) -> bool:
        """Tell whether every op succeeded."""
        return self.error is None

    def get_asset_materialization_events(self) -> list[RunEvent]:
        """Return the events that tell of assets that were produced, in order."""
        return [event for event in self.events if event.kind is RunEventKind.ASSET_MATERIALIZATION]

    def asset_materializations_for_node(self, name: str) -> list[AssetMaterialization]:
        """Return what the op or asset `name` told of assets that were produced, in order."""
        told = [event for event in self.get_asset_materialization_events() if event.step == name]
        return [materialization_of(event.asset) for event in told if event.asset is not None]

    def get_asset_observation_events(self) -> list[RunEvent]:
        """Return the events that tell of assets that were looked at, in order."""
        return [event for event in self.events if event.kind is RunEventKind.ASSET_OBSERVATION]

    def get_asset_check_evaluations(self) -> list[AssetCheckEvaluation]:
        """Return how the checks of assets went, in order."""
        return [check_of(event.asset) for event in self.events if event.asset is not None and event.asset.check]

    def asset_value(self, asset_key: CoercibleToAssetKey) -> Any:
        """Return the value of an asset that this run made; raises InvocationError if it made none."""
        key = AssetKey.from_coercible(asset_key)
        if (place := self._assets.get(key)) in self._outputs and place is not None:
            return self._outputs[place]
        raise InvocationError(f'The run of job "{self.job_name}" has no value of asset "{key.to_user_string()}".')

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
        instance: "VedetteInstance | None",
    ) -> ExecuteInProcessResult:
        """Run a job, and record it in `instance`; raises InvalidConfig, and what an op raised if `raise_on_error`."""


_ENGINES: list[InProcess] = []


def install(in_process: InProcess) -> None:
    """Make `in_process` the one that `engine` returns."""
    _ENGINES[:] = [in_process]


def engine() -> InProcess:
    """Return who calls user code in this process."""
    return _ENGINES[0]
