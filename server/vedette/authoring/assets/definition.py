"""Definitions of assets: an op that makes some, or none where something outside does."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from vedette.authoring.assets.keys import AssetDep, key_of
from vedette.authoring.assets.specs import DEFAULT_IO_MANAGER_KEY, AssetCheckSpec, AssetIn, AssetSpec
from vedette.authoring.freshness.policies import FreshnessPolicy
from vedette.authoring.ops import DEFAULT_OUTPUT, Nothing, OpDefinition, Out
from vedette.authoring.text import shown
from vedette.domain.assets import AssetKey
from vedette.errors import DefinitionError, InvocationError

CheckKey = tuple[AssetKey, str]


class AssetsDefinition:
    """What makes one asset or several in one step. `specs` are by the name of the op's output.

    `inputs` are the assets whose values the function takes, by parameter: None where the parameter's name tells which.
    """

    def __init__(
        self,
        op: OpDefinition,
        specs: Mapping[str, AssetSpec],
        *,
        ins: Mapping[str, AssetIn] | None = None,
        check_specs: Iterable[AssetCheckSpec] = (),
        can_subset: bool = False,
        observes: bool = False,
        io_manager_keys: Mapping[str, str | None] | None = None,
        resource_defs: Mapping[str, Any] | None = None,
    ) -> None:
        """Put an op and what it makes together; raises DefinitionError."""
        self.op = op
        self.specs_by_output = dict(specs)
        self.can_subset = can_subset
        self.observes = observes
        self.check_specs = _checks(op.name, check_specs)
        self.ins = dict(ins or {})
        self.inputs = {name: self._input(name) for name in op.function.inputs}
        self._io_manager_keys = dict(io_manager_keys or {})
        self.resource_defs = dict(resource_defs or {})
        for name in self.ins:
            if name not in self.inputs:
                raise DefinitionError(
                    f'ins of asset "{op.name}" names {name}, which its function has no parameter for.'
                )
        if len(set(self.keys)) < len(self.specs_by_output):
            raise DefinitionError(f'"{op.name}" makes an asset of one key twice; keys are unique.')

    def _input(self, name: str) -> AssetKey | None:
        given = self.ins.get(name)
        return None if given is None else given.key_for(f'asset "{self.op.name}"', name)

    @property
    def specs(self) -> tuple[AssetSpec, ...]:
        """Return what is said of each asset."""
        return tuple(self.specs_by_output.values())

    @property
    def keys(self) -> tuple[AssetKey, ...]:
        """Return the keys, in order."""
        return tuple(spec.key for spec in self.specs_by_output.values())

    @property
    def key(self) -> AssetKey:
        """Return the key of the one asset; raises InvocationError where there are several."""
        if len(self.specs_by_output) != 1:
            raise InvocationError(f'"{self.op.name}" makes {len(self.keys)} assets; use keys.')
        return self.keys[0]

    @property
    def check_keys(self) -> tuple[CheckKey, ...]:
        """Return the checks that are made with the assets."""
        return tuple(spec.key for spec in self.check_specs)

    @property
    def partitions_def(self) -> Any:
        """Return how the assets are partitioned; None where they are not."""
        return next((spec.partitions_def for spec in self.specs), None)

    @property
    def name(self) -> str:
        """Return the name of the step."""
        return self.op.name

    def output_of(self, key: AssetKey) -> str:
        """Return the name of the output that is the asset `key`."""
        return next(name for name, spec in self.specs_by_output.items() if spec.key == key)

    def io_manager_key(self, output: str) -> str:
        """Return under which key the IO manager of an output is found."""
        return self._io_manager_keys.get(output) or DEFAULT_IO_MANAGER_KEY

    def deps_of(self, spec: AssetSpec) -> dict[AssetKey, AssetDep]:
        """Return what an asset is made of besides what the function takes."""
        return {dep.asset_key: dep for dep in spec.deps}

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function, in a test."""
        return self.op(*args, **kwargs)

    def __repr__(self) -> str:
        """Show the keys."""
        return f"<assets {', '.join(key.to_user_string() for key in self.keys)}>"


class AssetChecksDefinition(AssetsDefinition):
    """A check of an asset that is a step of its own."""

    @property
    def check(self) -> AssetCheckSpec:
        """Return which check it is."""
        return next(iter(self.check_specs))


class SourceAsset:
    """An asset that something outside makes: watched, listed and loaded from, never made. Raises DefinitionError."""

    def __init__(
        self,
        key: Any,
        metadata: Mapping[str, Any] | None = None,
        io_manager_key: str | None = None,
        description: str | None = None,
        partitions_def: Any = None,
        group_name: str | None = None,
        tags: Mapping[str, Any] | None = None,
        freshness_policy: FreshnessPolicy | None = None,
    ) -> None:
        """Take the key in any spelling."""
        self.spec = AssetSpec(
            key_of(key),
            metadata=metadata,
            description=description,
            partitions_def=partitions_def,
            group_name=group_name,
            tags=tags,
            freshness_policy=freshness_policy,
        )
        self.io_manager_key = io_manager_key or DEFAULT_IO_MANAGER_KEY

    @property
    def key(self) -> AssetKey:
        """Return the key."""
        return self.spec.key

    @property
    def keys(self) -> tuple[AssetKey, ...]:
        """Return the one key."""
        return (self.spec.key,)

    @property
    def specs(self) -> tuple[AssetSpec, ...]:
        """Return the one spec."""
        return (self.spec,)

    def __repr__(self) -> str:
        """Show the key."""
        return f"<external asset {self.key.to_user_string()}>"


def single(function: Callable[..., Any], dagster_type: Any, *, is_required: bool) -> dict[str, Out]:
    """Return the output of an asset that is made alone: no value is kept of one that returns None by its annotation."""
    keeps = inspect.signature(function).return_annotation not in (None, "None")
    return {DEFAULT_OUTPUT: Out(dagster_type if keeps else Nothing, is_required=is_required)}


def _checks(name: str, specs: Iterable[AssetCheckSpec]) -> tuple[AssetCheckSpec, ...]:
    found: dict[CheckKey, AssetCheckSpec] = {}
    for spec in specs:
        if not isinstance(spec, AssetCheckSpec):
            raise DefinitionError(f'check_specs of "{name}" holds {shown(spec)}, which is no AssetCheckSpec.')
        if found.setdefault(spec.key, spec) is not spec:
            raise DefinitionError(
                f'"{name}" has the check "{spec.name}" of one asset twice; names of checks are unique.'
            )
    return tuple(found.values())
