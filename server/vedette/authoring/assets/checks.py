"""Checks of assets."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from vedette.authoring.assets.definition import AssetChecksDefinition
from vedette.authoring.assets.keys import key_of
from vedette.authoring.assets.specs import AssetCheckSpec, AssetIn
from vedette.authoring.assets.step_options import StepOptions
from vedette.authoring.keywords import known_keywords
from vedette.authoring.naming import description_of, name_of
from vedette.authoring.ops import DEFAULT_OUTPUT, Out
from vedette.authoring.retries import RetryPolicy

Function = Callable[..., Any]


@known_keywords("@asset_check")
def asset_check(
    *,
    asset: Any,
    name: str | None = None,
    description: str | None = None,
    blocking: bool = False,
    additional_ins: Mapping[str, AssetIn] | None = None,
    additional_deps: Iterable[Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
    compute_kind: str | None = None,
    config_schema: Any = None,
    required_resource_keys: Iterable[str] | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    retry_policy: RetryPolicy | None = None,
    op_tags: Mapping[str, Any] | None = None,
) -> Callable[[Function], AssetChecksDefinition]:
    """Make a check of a function that returns AssetCheckResult, or whether it passed.

    Its first parameter, besides `context` and `config`, takes the value of the asset, under any name; others those of
    `additional_ins`, or of the assets of their names.

    blocking: where it fails with severity ERROR, what is downstream of the asset is not made in that run.
    compute_kind: shown with its step. config_schema and the rest are as in @asset.

    Raises DefinitionError.
    """

    def define(function: Function) -> AssetChecksDefinition:
        own = name_of(function, name, "check")
        spec = AssetCheckSpec(
            own,
            asset=asset,
            description=description_of(function, description),
            additional_deps=additional_deps,
            blocking=blocking,
            metadata=metadata,
        )
        step = spec.asset_key.to_python_identifier(own)
        kind = {} if compute_kind is None else {"kind": compute_kind}
        tags = {**kind, **(op_tags or {})}
        options = StepOptions(config_schema, required_resource_keys, resource_defs, retry_policy, op_tags=tags)
        op = options.op(function, step, spec.description, {DEFAULT_OUTPUT: Out()})
        ins = dict(additional_ins or {})
        free = [each for each in op.function.inputs if each not in ins]
        if free and spec.asset_key.parts[-1] not in free:
            ins[free[0]] = AssetIn(key=key_of(asset))
        elif free:
            ins[spec.asset_key.parts[-1]] = AssetIn(key=key_of(asset))
        return AssetChecksDefinition(op, {}, ins=ins, check_specs=[spec], resource_defs=options.resources)

    return define
