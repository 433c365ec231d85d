"""Lists that are paged through while things are added anywhere in them: none comes twice, none is missed."""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import seeds
from serving import Api
from vedette.domain.catalog import AssetSpec, JobSpec
from vedette.storage.database import Database

EXAMPLES = settings(
    max_examples=8, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


class Listing(NamedTuple):
    """A list: its field, what tells its things apart, how one is added, and whether the greatest come first."""

    field: str
    told: str
    add: Callable[[Database, int], Awaitable[Any]]
    is_descending: bool = False
    leads_back: bool = True


async def add_tick(database: Database, number: int) -> None:
    [[sensor]] = await seeds.execute(database, "SELECT id FROM sensors WHERE name = 'all ticks'")
    await seeds.tick(database, sensor, number)


async def add_run(database: Database, number: int) -> None:
    # Several of one moment, which their ids tell apart.
    await seeds.run(database, number // 3, run_key=str(number))


async def add_sensor(database: Database, number: int) -> None:
    await seeds.sensor(database, f"{number:03}")


async def add_job(database: Database, number: int) -> None:
    await seeds.job(database, JobSpec(name=f"{number:03}"))


async def add_asset(database: Database, number: int) -> None:
    await seeds.assets(database, [AssetSpec((f"{number:03}",))])


LISTINGS = {
    "ticks": Listing("ticks", "number", add_tick, is_descending=True),
    "runs": Listing("runs", "runKey", add_run, is_descending=True),
    "sensors": Listing('sensors(filter: {nameContains: "0"}', "name", add_sensor),
    "jobs": Listing("jobs", "name", add_job, leads_back=False),
    "assets": Listing("assets", "key", add_asset, leads_back=False),
}
EMPTY = "TRUNCATE ticks, runs, run_keys, jobs, asset_definitions, assets; DELETE FROM sensors WHERE name <> 'all ticks'"
NUMBERS = st.lists(st.integers(0, 99), min_size=1, max_size=24, unique=True)


def page_of(listing: Listing, size: int, *, is_backward: bool) -> str:
    """Return the query of a page; `$at` is where the one before ended."""
    place = f"last: {size}, before: $at" if is_backward else f"first: {size}, after: $at"
    opened = f"{listing.field}, " if "(" in listing.field else f"{listing.field}("
    info = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
    return f"query($at: String) {{ list: {opened}{place}) {{ edges {{ node {{ {listing.told} }} }} {info} }} }}"


def number_of(listing: Listing, edge: Any) -> int:
    told = edge["node"][listing.told]
    return int(told[0] if isinstance(told, list) else told)


async def paged(api: Api, listing: Listing, size: int, is_backward: bool, meanwhile: Callable[[], Any]) -> list[int]:
    """Return what a reader of all pages is told, in the list's order."""
    query = page_of(listing, size, is_backward=is_backward)
    seen: list[int] = []
    at, has_more = None, True
    while has_more:
        page = (await api.query(query, at=at))["list"]
        numbers = [number_of(listing, edge) for edge in page["edges"]]
        assert len(numbers) <= size
        seen = [*numbers, *seen] if is_backward else [*seen, *numbers]
        info = page["pageInfo"]
        at = info["startCursor" if is_backward else "endCursor"]
        has_more = info["hasPreviousPage" if is_backward else "hasNextPage"]
        await meanwhile()
    return seen


@pytest.mark.parametrize("name", LISTINGS)
@EXAMPLES
@given(numbers=NUMBERS, there=st.integers(0, 24), size=st.integers(1, 7), is_backward=st.booleans())
async def test_none_comes_twice_and_none_is_missed(
    api: Api, database: Database, name: str, numbers: list[int], there: int, size: int, is_backward: bool
) -> None:
    listing = LISTINGS[name]
    if not await seeds.execute(database, "SELECT 1 FROM code_locations"):
        await seeds.code_location(database)
        await seeds.sensor(database, "all ticks")
    for statement in EMPTY.split(";"):
        await seeds.execute(database, statement)
    old, new = numbers[:there], numbers[there:]
    for number in old:
        await listing.add(database, number)

    async def meanwhile() -> None:
        if new:
            await listing.add(database, new.pop())

    seen = await paged(api, listing, size, is_backward and listing.leads_back, meanwhile)
    assert len(set(seen)) == len(seen)
    assert set(old) <= set(seen) <= set(numbers)
    # Of several of one moment any may come first.
    places = [number // 3 if name == "runs" else number for number in seen]
    assert places == sorted(places, reverse=listing.is_descending)
