"""The graph of all assets of a project: what each is made of, and by what."""

from collections.abc import Iterable, Mapping
from typing import Any

from vedette.authoring.assets.definition import AssetChecksDefinition, AssetsDefinition, CheckKey, SourceAsset
from vedette.authoring.assets.specs import DEFAULT_IO_MANAGER_KEY, AssetCheckSpec, AssetSpec
from vedette.authoring.text import shown
from vedette.domain.assets import AssetKey
from vedette.domain.known_assets import connected, inverted
from vedette.errors import DefinitionError

Assets = AssetsDefinition | SourceAsset | AssetSpec


class AssetGraph:
    """Assets with their dependencies; a dependency that nobody defines is an external asset. Keeps the given order."""

    def __init__(self, assets: Iterable[Assets] = (), checks: Iterable[AssetChecksDefinition] = ()) -> None:
        """Connect the definitions; raises DefinitionError for two of one key, and for assets made of one another."""
        self.definitions: dict[AssetKey, AssetsDefinition] = {}
        self.specs: dict[AssetKey, AssetSpec] = {}
        self.sources: dict[AssetKey, SourceAsset] = {}
        self.check_specs: dict[CheckKey, AssetCheckSpec] = {}
        self.checkers: dict[CheckKey, AssetsDefinition] = {}
        self._steps: dict[str, AssetsDefinition] = {}
        for each in assets:
            self._add(each)
        for check in checks:
            self._add_step(check)
        self.inputs = {step.name: self._inputs(step) for step in self.steps}
        self.parents: dict[AssetKey, tuple[AssetKey, ...]] = {}
        for key, spec in list(self.specs.items()):
            self.parents[key] = self._parents(key, spec)
        self._add_unknown()
        self.children = inverted(self.parents)
        self.order = self._ordered()

    @property
    def steps(self) -> tuple[AssetsDefinition, ...]:
        """Return what is executed: definitions of assets, and checks that are steps of their own."""
        return tuple(self._steps.values())

    @property
    def keys(self) -> tuple[AssetKey, ...]:
        """Return all keys."""
        return tuple(self.specs)

    @property
    def executable(self) -> frozenset[AssetKey]:
        """Return the keys of what can be made or observed here."""
        return frozenset(self.definitions)

    def _add(self, given: Assets) -> None:
        if isinstance(given, AssetsDefinition):
            self._add_step(given)
        elif isinstance(given, SourceAsset):
            self._define(given.key, given.spec)
            self.sources[given.key] = given
        elif isinstance(given, AssetSpec):
            self._define(given.key, given)
        else:
            raise DefinitionError(f"{shown(given)} is no asset; use @asset, SourceAsset or AssetSpec.")

    def _add_step(self, step: AssetsDefinition) -> None:
        if self._steps.setdefault(step.name, step) is not step:
            raise DefinitionError(f'There are two assets or checks that are the step "{step.name}"; rename one.')
        for spec in step.specs:
            self._define(spec.key, spec)
            self.definitions[spec.key] = step
        for check in step.check_specs:
            if self.check_specs.setdefault(check.key, check) is not check:
                raise DefinitionError(
                    f'There are two checks "{check.name}" of "{check.asset_key.to_user_string()}"; rename one.'
                )
            self.checkers[check.key] = step

    def _define(self, key: AssetKey, spec: AssetSpec) -> None:
        if self.specs.setdefault(key, spec) is not spec:
            raise DefinitionError(
                f'There are two assets of the key "{key.to_user_string()}"; keys are unique, so rename one.'
            )

    def _inputs(self, step: AssetsDefinition) -> dict[str, AssetKey]:
        return {name: key if key is not None else self._meant(step, name) for name, key in step.inputs.items()}

    def _meant(self, step: AssetsDefinition, name: str) -> AssetKey:
        """Return the asset that a parameter's name stands for: of that key, in the same folder, or in the group."""
        plain = AssetKey(name)
        if plain in self.specs:
            return plain
        for spec in step.specs:
            beside = AssetKey([*spec.key.parts[:-1], name])
            if beside in self.specs:
                return beside
        groups = {spec.group_name for spec in step.specs}
        named = [key for key, spec in self.specs.items() if key.parts[-1] == name and spec.group_name in groups]
        return named[0] if len(named) == 1 else plain

    def _parents(self, key: AssetKey, spec: AssetSpec) -> tuple[AssetKey, ...]:
        step = self.definitions.get(key)
        deps = [dep.asset_key for dep in spec.deps]
        taken = [] if step is None else [one for one in self.inputs[step.name].values() if one not in step.keys]
        return tuple(dict.fromkeys([*taken, *deps]))

    def _add_unknown(self) -> None:
        named = [key for parents in self.parents.values() for key in parents]
        named += [key for inputs in self.inputs.values() for key in inputs.values()]
        named += [key for key, _ in self.check_specs]
        for key in named:
            if key not in self.specs:
                self.specs[key] = AssetSpec(key)
                self.parents[key] = ()

    def _ordered(self) -> dict[AssetKey, int]:
        """Return the place of each asset in an order in which each comes after what it is made of."""
        places: dict[AssetKey, int] = {}
        for start in self.specs:
            path: dict[AssetKey, None] = {}
            stack: list[tuple[AssetKey, bool]] = [(start, False)]
            while stack:
                key, done = stack.pop()
                if done:
                    path.pop(key)
                    places[key] = len(places)
                elif key in path:
                    named = " → ".join(one.to_user_string() for one in [*path, key])
                    raise DefinitionError(f"These assets are made of one another: {named}; break the circle.")
                elif key not in places:
                    path[key] = None
                    stack.append((key, True))
                    stack += [(parent, False) for parent in reversed(self.parents[key])]
        return places

    def neighbours(self, key: AssetKey) -> frozenset[AssetKey]:
        """Return the assets that are made whenever `key` is, itself among them."""
        step = self.definitions.get(key)
        return frozenset([key] if step is None or step.can_subset else step.keys)

    def checks_of(self, keys: Iterable[AssetKey]) -> frozenset[CheckKey]:
        """Return the checks of these assets."""
        wanted = set(keys)
        return frozenset(check for check in self.check_specs if check[0] in wanted)

    def group_of(self, key: AssetKey) -> str:
        """Return the group that an asset is in."""
        return self.specs[key].group_name

    def known(self, key: AssetKey) -> bool:
        """Tell whether there is such an asset."""
        return key in self.specs

    def connected(
        self, keys: Iterable[AssetKey], edges: Mapping[AssetKey, tuple[AssetKey, ...]], depth: int | None
    ) -> frozenset[AssetKey]:
        """Return what is reached from `keys` along `edges` in at most `depth` steps, the keys among it."""
        return connected(keys, edges, depth)

    def io_manager_key(self, key: AssetKey) -> str:
        """Return under which key the IO manager of an asset is found."""
        step = self.definitions.get(key)
        if step is not None:
            return step.io_manager_key(step.output_of(key))
        source = self.sources.get(key)
        return DEFAULT_IO_MANAGER_KEY if source is None else source.io_manager_key

    def partitions_def(self, key: AssetKey) -> Any:
        """Return how an asset is partitioned; None where it is not."""
        return self.specs[key].partitions_def
