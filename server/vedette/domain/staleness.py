"""Which assets are stale: never materialized, of other code, or with something newer or stale upstream. Pure."""

from collections.abc import Collection, Mapping

import msgspec

from vedette.domain.assets import Path


class AssetState(msgspec.Struct, frozen=True):
    """An asset and its last materialization: `position` is None where it was never materialized.

    `made_of_code` is the code_version at that time. What is not executable is external: stale only by being newer.
    """

    deps: tuple[Path, ...] = ()
    executable: bool = True
    code_version: str | None = None
    position: int | None = None
    made_of_code: str | None = None
    op_name: str | None = None


def stale(assets: Mapping[Path, AssetState], wanted: Collection[Path]) -> frozenset[Path]:
    """Return those of `wanted` that are stale; an asset that is not known is external, and never newer."""
    judged: dict[Path, bool] = {}
    stack = list(wanted)
    while stack:
        key = stack[-1]
        state = assets.get(key)
        waiting = [] if state is None or key in judged else [dep for dep in state.deps if dep not in judged]
        if waiting and key not in judged:
            stack += waiting
            continue
        stack.pop()
        if key not in judged:
            judged[key] = state is not None and _is_stale(assets, state, judged)
    return frozenset(key for key in wanted if judged[key])


def _is_stale(assets: Mapping[Path, AssetState], state: AssetState, judged: Mapping[Path, bool]) -> bool:
    if not state.executable:
        return False
    if state.position is None or state.code_version not in (None, state.made_of_code):
        return True
    return any(judged[dep] or _position(assets, dep) > state.position for dep in state.deps)


def _position(assets: Mapping[Path, AssetState], key: Path) -> int:
    state = assets.get(key)
    return 0 if state is None or state.position is None else state.position


def to_make(assets: Mapping[Path, AssetState], selected: Collection[Path]) -> tuple[Path, ...]:
    """Return those of `selected` that are stale, and what is made in one step with one of these."""
    found = stale(assets, selected)
    steps = {assets[key].op_name for key in found}
    return tuple(sorted(key for key in selected if key in found or (key in assets and assets[key].op_name in steps)))
