"""The step of a run that makes assets: what it takes, what it makes, how each is kept."""

from dataclasses import dataclass

from vedette.authoring.assets.definition import AssetsDefinition, CheckKey
from vedette.authoring.assets.graph import AssetGraph
from vedette.authoring.assets.selection import Selected
from vedette.authoring.assets.specs import AssetCheckSpec, AssetSpec
from vedette.authoring.ops import Nothing
from vedette.domain.assets import AssetKey


@dataclass(frozen=True, eq=False)
class AssetStep:
    """A definition of assets as part of a job that makes `selected`."""

    definition: AssetsDefinition
    graph: AssetGraph
    selected: Selected

    @property
    def inputs(self) -> dict[str, AssetKey]:
        """Return the assets whose values the function takes, by parameter."""
        ins = self.definition.ins
        taken = self.graph.inputs[self.definition.name]
        return {name: key for name, key in taken.items() if name not in ins or ins[name].dagster_type is not Nothing}

    @property
    def specs(self) -> dict[str, AssetSpec]:
        """Return the assets that are to be made, by output."""
        made = self.definition.specs_by_output
        return {output: spec for output, spec in made.items() if spec.key in self.selected.assets}

    @property
    def checks(self) -> dict[CheckKey, AssetCheckSpec]:
        """Return the checks that are to be made."""
        return {spec.key: spec for spec in self.definition.check_specs if spec.key in self.selected.checks}

    @property
    def io_manager_keys(self) -> frozenset[str]:
        """Return under which keys the IO managers are found that load and keep its values."""
        loading = {self.input_manager_key(name) for name in self.inputs}
        return frozenset(loading | {self.definition.io_manager_key(output) for output in self.specs})

    def input_manager_key(self, name: str) -> str:
        """Return under which key the IO manager that loads a parameter's value is found."""
        given = self.definition.ins.get(name)
        if given is not None and given.input_manager_key is not None:
            return given.input_manager_key
        return self.graph.io_manager_key(self.inputs[name])
