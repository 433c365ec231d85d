"""What the function of an asset hands back: each value is kept, and told of, as soon as it is there."""

from collections.abc import Callable
from typing import Any

from vedette.authoring.asset_events import Told
from vedette.authoring.assets.results import AssetCheckResult, DataVersion, MaterializeResult, NoValue
from vedette.authoring.assets.specs import AssetCheckSpec
from vedette.authoring.assets.steps import AssetStep
from vedette.authoring.metadata import normalised_metadata
from vedette.authoring.naming import normalised_tags
from vedette.authoring.ops import Nothing, Output
from vedette.authoring.telling import Telling
from vedette.authoring.text import shown
from vedette.domain.assets import (
    CODE_VERSION_TAG,
    DATA_VERSION_TAG,
    AssetCheckSeverity,
    AssetEvent,
    AssetEventKind,
    AssetKey,
)
from vedette.domain.metadata import Metadata
from vedette.errors import InvalidResult, VedetteError
from vedette.execution.outputs import Outputs

# Keeps a value under the name of its output, and returns what there is to say of it.
Keep = Callable[[str, Any], Metadata]


class CheckFailed(VedetteError):
    """A check that blocks did not pass."""


class AssetOutputs(Outputs):
    """The outputs of one execution of a step of assets."""

    def __init__(
        self, step: AssetStep, name: str, telling: Telling, keep: Keep, partitions: Callable[[str], str | None]
    ) -> None:
        """Begin with none; `partitions` tells of which partition an output is."""
        super().__init__(step.definition.op, name, telling)
        self._step = step
        self._keep = keep
        self._partitions = partitions
        self._checked: set[tuple[AssetKey, str]] = set()
        self._failed: list[str] = []

    def take(self, result: object) -> None:
        """Take what the function returned: results, values, or for a check whether it passed."""
        if isinstance(result, MaterializeResult | AssetCheckResult | DataVersion):
            self._yielded(result)
        elif isinstance(result, tuple | list) and result and all(_is_result(one) for one in result):
            for one in result:
                self._yielded(one)
        elif not self._step.definition.specs_by_output:
            self._take_check(result)
        elif self._all_told(result):
            return
        else:
            super().take(result)

    def _all_told(self, result: object) -> bool:
        """Tell whether nothing more is to come: of assets that the function keeps by itself, it returns nothing."""
        if result is not None:
            return False
        for output, spec in self._step.specs.items():
            declared = self._op.outputs[output]
            if output not in self.values and declared.dagster_type is Nothing and not spec.skippable:
                self._put(Output(None, output))
        yields = self._op.function.is_generator or self._op.function.is_async_generator
        left_out = yields and all(spec.skippable for spec in self._step.specs.values())
        return left_out or len(self._op.outputs) > 1 or all(name in self.values for name in self._step.specs)

    def _take_check(self, result: object) -> None:
        if result is None and self._checked:
            return
        if not isinstance(result, bool) and type(result).__name__ != "bool_":
            raise InvalidResult(
                f'Check "{self._name}" handed back {shown(result)}; it returns AssetCheckResult(passed=...), or a bool.'
            )
        self._check(AssetCheckResult(passed=bool(result)))

    def _yielded(self, value: object) -> None:
        if isinstance(value, AssetCheckResult):
            self._check(value)
        elif isinstance(value, MaterializeResult):
            self._result(value)
        elif isinstance(value, DataVersion):
            self._result(MaterializeResult(data_version=value))
        else:
            super()._yielded(value)

    def _result(self, result: MaterializeResult) -> None:
        output = self._output_of(result.asset_key)
        value = result.value
        if value is NoValue and self._op.outputs[output].dagster_type is not Nothing:
            # What has a result has kept its value by itself.
            self._told_outputs.add(output)
        self._put(
            Output(None if value is NoValue else value, output, result.metadata, result.data_version, result.tags)
        )
        for check in result.check_results:
            self._check(check, result.asset_key or self._step.definition.specs_by_output[output].key)

    def _output_of(self, key: AssetKey | None) -> str:
        specs = self._step.definition.specs_by_output
        if key is None:
            if len(specs) != 1:
                raise InvalidResult(f'"{self._name}" makes several assets: give its MaterializeResult an asset_key.')
            return next(iter(specs))
        for output, spec in specs.items():
            if spec.key == key:
                return output
        raise InvalidResult(f'"{self._name}" handed back a result of "{key.to_user_string()}", which it does not make.')

    def _put(self, output: Output) -> None:
        super()._put(output)
        name = self._named(output)
        if name not in self._step.specs:
            raise InvalidResult(
                f'"{self._name}" made "{name}", which this run does not ask for; see context.selected_output_names.'
            )
        metadata = dict(self._telling.metadata.get(name, {})) | normalised_metadata(output.metadata)
        if self._op.outputs[name].dagster_type is not Nothing and name not in self._told_outputs:
            metadata = self._keep(name, output.value) | metadata
        self._tell(name, metadata, output)

    def _tell(self, name: str, metadata: Metadata, output: Output) -> None:
        spec = self._step.specs[name]
        if any(self._is_told(told, spec.key) for told in self._telling.told):
            return
        tags = normalised_tags(output.tags)
        if spec.code_version is not None:
            tags[CODE_VERSION_TAG] = spec.code_version
        if output.data_version is not None:
            tags[DATA_VERSION_TAG] = str(getattr(output.data_version, "value", output.data_version))
        observes = self._step.definition.observes
        kind = AssetEventKind.OBSERVATION if observes else AssetEventKind.MATERIALIZATION
        self._telling.send(AssetEvent(kind, spec.key.parts, self._partitions(name), spec.description, metadata, tags))

    def _is_told(self, told: Told, key: AssetKey) -> bool:
        """Tell whether the function has told of this asset by itself: then that is what happened to it."""
        return bool(
            told.asset_key == key
            and told.as_event().kind is AssetEventKind.MATERIALIZATION
            and not self._step.definition.observes
        )

    def _check(self, result: AssetCheckResult, key: AssetKey | None = None) -> None:
        spec = self._check_meant(result, key)
        evaluation = result.evaluation(spec.asset_key, spec.name, spec.blocking)
        self._checked.add(spec.key)
        self._telling.send(evaluation.as_event())
        if spec.blocking and not result.passed and result.severity is AssetCheckSeverity.ERROR:
            self._failed.append(f'"{spec.name}" of asset "{spec.asset_key.to_user_string()}"')

    def _check_meant(self, result: AssetCheckResult, key: AssetKey | None) -> AssetCheckSpec:
        key = result.asset_key or key
        fits = [
            spec
            for spec in self._step.definition.check_specs
            if key in (None, spec.asset_key) and result.check_name in (None, spec.name)
        ]
        if len(fits) != 1:
            there = ", ".join(spec.name for spec in self._step.definition.check_specs) or "none"
            raise InvalidResult(
                f'"{self._name}" handed back the result of a check that is not clear; give it asset_key and check_name.'
                f" Declared checks: {there}."
            )
        return fits[0]

    def complete(self) -> dict[str, Any]:
        """Return the values by name; raises InvalidResult if one is missing, CheckFailed where a check blocks."""
        wanted = self._step.specs
        if self._step.definition.specs_by_output:
            for name, spec in wanted.items():
                if name not in self.values and not spec.skippable:
                    raise InvalidResult(
                        f'"{self._name}" ended without its asset "{spec.key.to_user_string()}"; give it, or declare'
                        " that it may be left out (output_required=False, is_required=False, skippable=True)."
                    )
        for _, name in self._step.checks.keys() - self._checked:
            raise InvalidResult(f'"{self._name}" ended without the result of its check "{name}"; give it.')
        if self._failed:
            raise CheckFailed(
                f"A blocking check did not pass: {', '.join(self._failed)}; what is downstream is not made."
            )
        if not self._step.definition.specs_by_output:
            return {"result": None}
        return self.values


def _is_result(one: object) -> bool:
    return isinstance(one, MaterializeResult | AssetCheckResult)
