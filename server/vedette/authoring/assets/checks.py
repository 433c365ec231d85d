"""Checks of assets."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from vedette.authoring.assets.definition import AssetChecksDefinition
from vedette.authoring.assets.keys import key_of
from vedette.authoring.assets.specs import AssetCheckSpec, AssetIn
from vedette.authoring.keywords import known_keywords
from vedette.authoring.naming import description_of, name_of
from vedette.authoring.ops import DEFAULT_OUTPUT, OpDefinition, Out

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
) -> Callable[[Function], AssetChecksDefinition]:
    """Make a check of a function that returns AssetCheckResult, or whether it passed.

    Its first parameter, besides `context` and `config`, takes the value of the asset, under any name; others those of
    `additional_ins`, or of the assets of their names.

    blocking: where it fails with severity ERROR, what is downstream of the asset is not made in that run.

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
        op = OpDefinition(function, name=step, description=spec.description, out={DEFAULT_OUTPUT: Out()})
        ins = dict(additional_ins or {})
        free = [each for each in op.function.inputs if each not in ins]
        if free and spec.asset_key.parts[-1] not in free:
            ins[free[0]] = AssetIn(key=key_of(asset))
        elif free:
            ins[spec.asset_key.parts[-1]] = AssetIn(key=key_of(asset))
        return AssetChecksDefinition(op, {}, ins=ins, check_specs=[spec])

    return define
