"""Executes steps of assets: loads what they take, keeps what they make."""

from typing import Any

from vedette.authoring.assets.io_managers import InputContext, OutputContext
from vedette.authoring.assets.steps import AssetStep
from vedette.authoring.logs import ContextLogger
from vedette.authoring.telling import AssetsOfStep, Telling
from vedette.domain.assets import AssetKey
from vedette.domain.metadata import Metadata
from vedette.domain.runs import RunInstruction
from vedette.execution.asset_outputs import AssetOutputs
from vedette.execution.io_managers import IOManagers


class AssetStepExecution:
    """One execution of a step of assets in a run."""

    def __init__(
        self,
        step: AssetStep,
        name: str,
        instruction: RunInstruction,
        io_managers: IOManagers,
        telling: Telling,
        log: ContextLogger,
    ) -> None:
        """Prepare it."""
        self._step = step
        self._name = name
        self._instruction = instruction
        self._io_managers = io_managers
        self._log = log
        telling.outputs = tuple(step.specs)
        telling.of_step = assets_of(step)
        self.outputs = AssetOutputs(step, name, telling, self._keep, self._partition_of_output)

    def inputs(self) -> dict[str, Any]:
        """Return the values that the function takes, by parameter, loaded; raises what the IO managers raise."""
        return {name: self._load(name, key) for name, key in self._step.inputs.items()}

    def _load(self, name: str, key: AssetKey) -> Any:
        graph = self._step.graph
        spec = graph.specs[key]
        given = self._step.definition.ins.get(name)
        known: dict[str, Any] = {
            "asset_key": key,
            "run_id": str(self._instruction.run_id),
            "partition_key": self._partition(key),
            "log": self._log,
        }
        upstream = OutputContext(**known, definition_metadata=_plain(spec.metadata))
        context = InputContext(
            **known,
            upstream_output=upstream,
            step_key=self._name,
            name=name,
            definition_metadata=(given.metadata or {}) if given else {},
        )
        manager = self._io_managers.get(self._step.input_manager_key(name), f'asset "{key.to_user_string()}"')
        return manager.load_input(context)

    def _keep(self, output: str, value: Any) -> Metadata:
        spec = self._step.specs[output]
        context = OutputContext(
            asset_key=spec.key,
            step_key=self._name,
            name=output,
            run_id=str(self._instruction.run_id),
            partition_key=self._partition(spec.key),
            definition_metadata=_plain(spec.metadata),
            log=self._log,
        )
        owner = f'asset "{spec.key.to_user_string()}"'
        self._io_managers.get(self._step.definition.io_manager_key(output), owner).handle_output(context, value)
        return context.added

    def _partition(self, key: AssetKey) -> str | None:
        """Return the partition of an asset in this run; None where it is not partitioned."""
        return self._instruction.partition_key if self._step.graph.partitions_def(key) is not None else None

    def _partition_of_output(self, output: str) -> str | None:
        return self._partition(self._step.specs[output].key)


def assets_of(step: AssetStep) -> AssetsOfStep:
    """Return what the context of a step tells of its assets."""
    keys = {output: spec.key for output, spec in step.specs.items()}
    return AssetsOfStep(keys, frozenset(step.checks), step.selected.assets)


def _plain(metadata: Metadata) -> dict[str, Any]:
    return {label: entry.value for label, entry in metadata.items()}
