"""Fetching anything again by its id."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import strawberry

from vedette.access import roles
from vedette.domain.access import Role
from vedette.graphql import ids
from vedette.graphql.assets.assets import path_of_id
from vedette.graphql.context import Info
from vedette.graphql.fields import field
from vedette.graphql.loaders import Loaders
from vedette.graphql.nodes import Node

Load = Callable[[Loaders, str, str], Awaitable[Any]]


def _by_uuid(name: str) -> Load:
    return lambda loaders, key, given: getattr(loaders, name).load(ids.as_uuid(key, given))


def _cursor_change(loaders: Loaders, key: str, given: str) -> Awaitable[Any]:
    sensor_id, _, version = key.partition(":")
    if not (version.isascii() and version.isdecimal()) or len(version) > 9:
        ids.refuse(given)
    return loaders.cursor_change.load((ids.as_uuid(sensor_id, given), int(version)))


_LOAD: dict[str, Load] = {
    "Asset": lambda loaders, key, given: loaders.asset.load(path_of_id(key, given)),
    "Sensor": _by_uuid("sensor"),
    "Tick": _by_uuid("tick"),
    "Run": _by_uuid("run"),
    "Job": _by_uuid("job"),
    "CodeLocation": _by_uuid("code_location"),
    "Worker": _by_uuid("worker"),
    "CursorChange": _cursor_change,
    "RunLimit": _by_uuid("run_limit"),
    "ApiToken": _by_uuid("api_token"),
}
# What a query of its own tells to some roles alone, its id tells to nobody else either.
_NEEDED = {"ApiToken": roles.needed("Query", "tokens")}


async def _nothing() -> None:
    """Return what there is for somebody from whom it is hidden."""


def _load(info: Info, given: strawberry.ID) -> Awaitable[Any]:
    kind, key = ids.decode(given)
    if kind not in _LOAD:
        ids.refuse(given)
    if not info.context.authority.role.covers(_NEEDED.get(kind, Role.VIEWER)):
        return _nothing()
    return _LOAD[kind](info.context.loaders, key, given)


@strawberry.type
class NodeQueries:
    """Fields of Query."""

    @field("Anything, by its id; null if it is gone.")
    async def node(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")],  # noqa: A002
    ) -> Node | None:
        """Load it."""
        found: Node | None = await _load(info, id)
        return found

    @field("Several things, by their ids, in that order; null for what is gone.")
    async def nodes(
        self,
        info: Info,
        ids: Annotated[list[strawberry.ID], strawberry.argument(description="Their ids, at most 100 (max_nodes).")],
    ) -> list[Node | None]:
        """Load them together."""
        waiting = [_load(info, one) for one in ids]
        return [await one for one in waiting]
