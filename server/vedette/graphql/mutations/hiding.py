"""What a mutation names outside of the code locations that its caller is confined to is as if it were not there.

So it is for every mutation that there is or will be: the ids of its input are looked at before it begins.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any
from uuid import UUID

from vedette.graphql import ids
from vedette.graphql.context import Context
from vedette.graphql.errors import RequestError
from vedette.storage.access import tokens
from vedette.storage.catalog import code_locations, jobs
from vedette.storage.runs import run_limits, runs
from vedette.storage.sensors import sensors
from vedette.storage.ticks import ticks

Read = Callable[[Any, Sequence[UUID]], Awaitable[Mapping[UUID, object]]]

_READ: dict[str, Read] = {
    "Sensor": sensors.by_ids,
    "Tick": ticks.by_ids,
    "Run": runs.by_ids,
    "Job": jobs.by_ids,
    "CodeLocation": code_locations.by_ids,
    "ApiToken": tokens.by_ids,
    "RunLimit": run_limits.by_ids,
}


async def hide(context: Context, given: object) -> None:
    """Have those ids of an input name nothing whose things the caller cannot see."""
    asked: dict[str, dict[str, UUID]] = {}
    for value in set(_texts(given)):
        kind, key = named(value)
        if kind in _READ:
            asked.setdefault(kind, {})[value] = ids.as_uuid(key, value)
    hidden = set()
    async with context.database.reading() as connection:
        for kind, keys in asked.items():
            seen = await _READ[kind](connection, list(keys.values()))
            hidden |= {value for value, key in keys.items() if key not in seen}
    if hidden:
        _replace(given, hidden)


def named(value: str) -> tuple[str, str]:
    """Return the type and the key that an id names; two empty texts for what is none."""
    try:
        return ids.decode(value)
    except RequestError:
        return "", ""


def _texts(given: object) -> Iterator[str]:
    if isinstance(given, str):
        yield str(given)
    elif isinstance(given, list):
        for value in given:
            yield from _texts(value)
    elif is_dataclass(given):
        for one in fields(given):
            yield from _texts(getattr(given, one.name))


def _replace(given: object, hidden: set[str]) -> object:
    """Return a value with those of its texts hidden; what holds them is changed itself."""
    if isinstance(given, str):
        return ids.HiddenId(given) if given in hidden else given
    if isinstance(given, list):
        given[:] = [_replace(value, hidden) for value in given]
    elif is_dataclass(given):
        for one in fields(given):
            setattr(given, one.name, _replace(getattr(given, one.name), hidden))
    return given
