"""The decorators that make assets of functions."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, overload

from vedette.authoring.assets.definition import AssetsDefinition, single
from vedette.authoring.assets.keys import dependencies, full_key
from vedette.authoring.assets.specs import AssetCheckSpec, AssetIn, AssetOut, AssetSpec
from vedette.authoring.assets.step_options import StepOptions
from vedette.authoring.freshness.policies import FreshnessPolicy
from vedette.authoring.hooks import HookDefinition
from vedette.authoring.keywords import known_keywords
from vedette.authoring.naming import description_of, name_of
from vedette.authoring.ops import DEFAULT_OUTPUT, Nothing, Out
from vedette.authoring.retries import RetryPolicy
from vedette.authoring.text import shown
from vedette.errors import DefinitionError

Function = Callable[..., Any]
Define = Callable[[Function], AssetsDefinition]


@overload
def asset(compute_fn: Function, /) -> AssetsDefinition: ...
@overload
def asset(
    *,
    name: str | None = None,
    key_prefix: Any = None,
    key: Any = None,
    ins: Mapping[str, AssetIn] | None = None,
    deps: Iterable[Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
    tags: Mapping[str, Any] | None = None,
    description: str | None = None,
    group_name: str | None = None,
    owners: Iterable[str] | None = None,
    kinds: Iterable[str] | None = None,
    compute_kind: str | None = None,
    code_version: str | None = None,
    io_manager_key: str | None = None,
    io_manager_def: Any = None,
    dagster_type: Any = None,
    output_required: bool = True,
    check_specs: Iterable[AssetCheckSpec] | None = None,
    partitions_def: Any = None,
    freshness_policy: FreshnessPolicy | None = None,
    config_schema: Any = None,
    required_resource_keys: Iterable[str] | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    retry_policy: RetryPolicy | None = None,
    hooks: Iterable[HookDefinition] | None = None,
    op_tags: Mapping[str, Any] | None = None,
) -> Define: ...
@known_keywords("@asset")
def asset(
    compute_fn: Function | None = None,
    /,
    *,
    name: str | None = None,
    key_prefix: Any = None,
    key: Any = None,
    ins: Mapping[str, AssetIn] | None = None,
    deps: Iterable[Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
    tags: Mapping[str, Any] | None = None,
    description: str | None = None,
    group_name: str | None = None,
    owners: Iterable[str] | None = None,
    kinds: Iterable[str] | None = None,
    compute_kind: str | None = None,
    code_version: str | None = None,
    io_manager_key: str | None = None,
    io_manager_def: Any = None,
    dagster_type: Any = None,
    output_required: bool = True,
    check_specs: Iterable[AssetCheckSpec] | None = None,
    partitions_def: Any = None,
    freshness_policy: FreshnessPolicy | None = None,
    config_schema: Any = None,
    required_resource_keys: Iterable[str] | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    retry_policy: RetryPolicy | None = None,
    hooks: Iterable[HookDefinition] | None = None,
    op_tags: Mapping[str, Any] | None = None,
) -> AssetsDefinition | Define:
    """Make an asset of the function that produces it; with or without parentheses.

    A parameter takes the value of the asset of its name, as that asset's IO manager loads it; `context` and `config`
    are as in ops. What the function returns is kept by the IO manager, unless it is annotated to return None.

    name, key_prefix, key: the key is the name, of the function unless given, after the prefix; or `key` as a whole.
    ins: which asset a parameter stands for, where its name does not tell.
    deps: assets that it is made of without taking their values.
    output_required: False if the function may yield nothing; what is downstream is then skipped.
    check_specs: checks that the function makes itself.
    freshness_policy: how fresh it is to be, for `freshness_policy_sensor`.
    code_version: change it when the code changes what is produced; see `stale_assets_only`.
    io_manager_key, io_manager_def: what keeps and loads its value: a resource by its key, or one of its own.
    dagster_type: documentation of the value; values are not checked.
    config_schema, required_resource_keys, retry_policy, op_tags: of its step, as in @op.
    resource_defs: resources that it brings along, before those of Definitions.
    hooks: called after its step.

    Raises DefinitionError.
    """

    def define(function: Function) -> AssetsDefinition:
        own = name if name is not None else name_of(function, None, "asset") if key is None else ""
        spec = AssetSpec(
            full_key(f'asset "{own}"', own, key, key_prefix),
            deps=deps,
            description=description_of(function, description),
            metadata=metadata,
            skippable=not output_required,
            group_name=group_name,
            code_version=code_version,
            owners=owners,
            tags=tags,
            kinds=[*(kinds or ()), *([compute_kind] if compute_kind else [])],
            partitions_def=partitions_def,
            freshness_policy=freshness_policy,
        )
        step = spec.key.to_python_identifier()
        out = single(function, dagster_type, is_required=output_required)
        options = StepOptions(
            config_schema, required_resource_keys, resource_defs, retry_policy, hooks, op_tags, io_manager_def
        )
        return AssetsDefinition(
            options.op(function, step, spec.description, out),
            {DEFAULT_OUTPUT: spec},
            ins=ins,
            check_specs=check_specs or (),
            io_manager_keys={DEFAULT_OUTPUT: options.io_manager_key(step, io_manager_key)},
            resource_defs=options.resources,
        )

    return define if compute_fn is None else define(compute_fn)


@known_keywords("@multi_asset")
def multi_asset(
    *,
    outs: Mapping[str, AssetOut] | None = None,
    specs: Iterable[AssetSpec] | None = None,
    name: str | None = None,
    ins: Mapping[str, AssetIn] | None = None,
    deps: Iterable[Any] | None = None,
    description: str | None = None,
    can_subset: bool = False,
    group_name: str | None = None,
    check_specs: Iterable[AssetCheckSpec] | None = None,
    partitions_def: Any = None,
    internal_asset_deps: Mapping[str, Iterable[Any]] | None = None,
    compute_kind: str | None = None,
    config_schema: Any = None,
    required_resource_keys: Iterable[str] | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    retry_policy: RetryPolicy | None = None,
    hooks: Iterable[HookDefinition] | None = None,
    op_tags: Mapping[str, Any] | None = None,
) -> Define:
    """Make several assets of one function, which returns a tuple of their values or yields Outputs or results.

    outs: the assets, by the name of the output. specs: instead, assets whose values the function keeps by itself.
    can_subset: whether a run may make some of them; `context.selected_asset_keys` then says which.
    internal_asset_deps: where given, which of the assets each output is made of.
    compute_kind: what they are made with. The rest is as in @asset.

    Raises DefinitionError.
    """
    if (outs is None) is (specs is None):
        raise DefinitionError("@multi_asset takes outs or specs, one of the two: the assets that it makes.")

    def define(function: Function) -> AssetsDefinition:
        step = name_of(function, name, "asset")
        found = _specs(step, outs, specs, deps, internal_asset_deps or {}, {"partitions_def": partitions_def})
        if group_name is not None:
            found = {output: spec.replace_attributes(group_name=group_name) for output, spec in found.items()}
        declared = {
            output: Out(Nothing if specs is not None else None, is_required=not spec.skippable and not can_subset)
            for output, spec in found.items()
        }
        if compute_kind is not None:
            found = {
                output: spec.replace_attributes(kinds=[*spec.kinds, compute_kind]) for output, spec in found.items()
            }
        options = StepOptions(config_schema, required_resource_keys, resource_defs, retry_policy, hooks, op_tags)
        op = options.op(function, step, description, declared)
        keys = {output: out.io_manager_key for output, out in (outs or {}).items()}
        return AssetsDefinition(
            op,
            found,
            ins=ins,
            check_specs=check_specs or (),
            can_subset=can_subset,
            io_manager_keys=keys,
            resource_defs=options.resources,
        )

    return define


def _specs(
    step: str,
    outs: Mapping[str, AssetOut] | None,
    specs: Iterable[AssetSpec] | None,
    deps: Iterable[Any] | None,
    internal: Mapping[str, Iterable[Any]],
    changes: dict[str, Any],
) -> dict[str, AssetSpec]:
    owner = f'"{step}"'
    common = list(dependencies(owner, deps).values())
    if specs is not None:
        listed = list(specs)
        for each in listed:
            if not isinstance(each, AssetSpec):
                raise DefinitionError(f"specs of {owner} holds {shown(each)}, which is no AssetSpec.")
        given = {each.key.to_python_identifier(): _with(each, common, changes) for each in listed}
        if len(given) < len(listed):
            raise DefinitionError(f"{owner} makes an asset of one key twice; keys are unique.")
        return given
    found: dict[str, AssetSpec] = {}
    for output, out in (outs or {}).items():
        if not isinstance(out, AssetOut):
            raise DefinitionError(f"outs of {owner} holds {shown(out)}, which is no AssetOut.")
        own = list(dependencies(owner, internal[output]).values()) if output in internal else common
        found[output] = _with(out.spec(owner, output, own), [], changes)
    return found


def _with(spec: AssetSpec, deps: list[Any], changes: dict[str, Any]) -> AssetSpec:
    kept = {name: value for name, value in changes.items() if value is not None}
    return spec.replace_attributes(deps=[*spec.deps, *deps], **kept)


@overload
def observable_source_asset(observe_fn: Function, /) -> AssetsDefinition: ...
@overload
def observable_source_asset(
    *,
    name: str | None = None,
    key_prefix: Any = None,
    key: Any = None,
    metadata: Mapping[str, Any] | None = None,
    description: str | None = None,
    group_name: str | None = None,
    tags: Mapping[str, Any] | None = None,
    partitions_def: Any = None,
    required_resource_keys: Iterable[str] | None = None,
    resource_defs: Mapping[str, Any] | None = None,
) -> Define: ...
@known_keywords("@observable_source_asset")
def observable_source_asset(
    observe_fn: Function | None = None,
    /,
    *,
    name: str | None = None,
    key_prefix: Any = None,
    key: Any = None,
    metadata: Mapping[str, Any] | None = None,
    description: str | None = None,
    group_name: str | None = None,
    tags: Mapping[str, Any] | None = None,
    partitions_def: Any = None,
    required_resource_keys: Iterable[str] | None = None,
    resource_defs: Mapping[str, Any] | None = None,
) -> AssetsDefinition | Define:
    """Make an asset that something outside makes, of a function that looks at it: it returns ObserveResult.

    Raises DefinitionError.
    """

    def define(function: Function) -> AssetsDefinition:
        own = name if name is not None else name_of(function, None, "asset") if key is None else ""
        spec = AssetSpec(
            full_key(f'asset "{own}"', own, key, key_prefix),
            metadata=metadata,
            description=description_of(function, description),
            group_name=group_name,
            tags=tags,
            partitions_def=partitions_def,
        )
        options = StepOptions(required_resource_keys=required_resource_keys, resource_defs=resource_defs)
        op = options.op(function, spec.key.to_python_identifier(), spec.description, {DEFAULT_OUTPUT: Out(Nothing)})
        return AssetsDefinition(op, {DEFAULT_OUTPUT: spec}, observes=True, resource_defs=options.resources)

    return define if observe_fn is None else define(observe_fn)
