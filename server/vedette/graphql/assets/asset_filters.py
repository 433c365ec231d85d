"""Which assets, and which of what happened to them: filters, and what they are to the storage."""

from typing import Any

import strawberry

from vedette.domain.assets import AssetEventKind, AssetEventRecord, Path
from vedette.graphql.assets.asset_selections import AssetSelections
from vedette.graphql.errors import BAD_INPUT, RequestError
from vedette.storage.assets.asset_lists import AssetFilter


@strawberry.input(name="AssetFilter", description="Which assets; what is left out does not restrict.")
class AssetFilterInput:
    """Which assets."""

    key_prefix: list[str] | None = strawberry.field(default=None, description="Those whose keys begin with this.")
    group: str | None = strawberry.field(default=None, description="Those of this group.")
    key_contains: str | None = strawberry.field(
        default=None, description="Those whose keys, written with slashes, have this in them, in any case."
    )
    code_location: str | None = strawberry.field(
        default=None, description="Those that the code location of this name defines."
    )
    is_executable: bool | None = strawberry.field(
        default=None, description="Those that runs can produce, or those that something outside produces."
    )
    selection: str | None = strawberry.field(
        default=None,
        description="Those that a selection names: `key:a/b`, `group:g`, `tag:k=v`, `kind:k`, `owner:o`, `*`, combined "
        "by `and`, `or`, `not` and parentheses; `+x` adds all that x is made of, `x+` all that is made of it, `2+x+1` "
        "two steps up and one down; `roots(x)` and `sinks(x)` are its ends.",
    )


@strawberry.input(name="AssetEventFilter", description="Which events; what is left out does not restrict.")
class AssetEventFilterInput:
    """Which events."""

    asset_keys: list[list[str]] | None = strawberry.field(default=None, description="Those of these assets.")
    key_prefix: list[str] | None = strawberry.field(
        default=None, description="Those of the assets whose keys begin with this."
    )
    kind: list[AssetEventKind] | None = strawberry.field(default=None, description="Those of one of these kinds.")
    partition_key: str | None = strawberry.field(default=None, description="Those of this partition.")


def asset_path(key: list[str]) -> Path:
    """Return a key as the storage has it; raises BAD_INPUT for what is none."""
    if not key or not all(key) or any("\0" in part for part in key):
        raise RequestError(BAD_INPUT, "An asset key is a list of one or more texts, none of them empty.")
    return tuple(key)


async def asset_filter(connection: Any, selections: AssetSelections, given: AssetFilterInput | None) -> AssetFilter:
    """Return a filter as the storage has it; raises BAD_INPUT for a selection that cannot be read."""
    if given is None:
        return AssetFilter()
    return AssetFilter(
        asset_path(given.key_prefix) if given.key_prefix else None,
        given.key_contains,
        given.group,
        given.code_location,
        given.is_executable,
        None if given.selection is None else await selections.keys(connection, given.selection),
    )


def passes(record: AssetEventRecord, wanted: AssetEventFilterInput | None) -> bool:
    """Tell whether an event passes a filter."""
    if wanted is None:
        return True
    event = record.event
    if wanted.asset_keys is not None and list(event.key) not in wanted.asset_keys:
        return False
    if wanted.key_prefix and list(event.key[: len(wanted.key_prefix)]) != wanted.key_prefix:
        return False
    if wanted.kind and event.kind not in wanted.kind:
        return False
    return wanted.partition_key is None or event.partition_key == wanted.partition_key
