"""Lists of assets and of what happened to them against plain Python, and which rows they look at."""

import json
from collections.abc import Sequence
from typing import Any
from unittest.mock import patch
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

import seeds
from vedette.domain.assets import AssetEventKind, AssetEventRecord, CheckOutcome, Path, escaped
from vedette.domain.catalog import AssetSpec, JobSpec, SensorSpec
from vedette.domain.watched_assets import MOST_NEW, UNTOUCHED, AssetCursor
from vedette.storage import direct
from vedette.storage.assets import asset_histories, asset_lists, assets, watched_assets
from vedette.storage.assets.asset_histories import HistoryFilter
from vedette.storage.assets.asset_lists import AssetFilter
from vedette.storage.database import Database
from vedette.storage.direct import Statement
from vedette.storage.pages import Page, Window

EXAMPLES = settings(max_examples=15, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
PARTS = st.sampled_from(["a", "b", "a/b", "B", "é", "a\\", "ab", "0"])
KEYS = st.lists(PARTS, min_size=1, max_size=3).map(tuple)
EVENTS = st.fixed_dictionaries(
    {
        "key": st.sampled_from(["x", "y"]),
        "kind": st.sampled_from(AssetEventKind),
        "partition": st.none() | st.sampled_from(["p", "q"]),
        "check": st.sampled_from(["one", "other"]),
    }
)
Facts = dict[str, Any]


async def clear(database: Database) -> None:
    await seeds.execute(database, "TRUNCATE asset_events, assets, asset_definitions, asset_partitions")
    await seeds.execute(database, "UPDATE streams SET position = 0 WHERE name = 'assets'")


@EXAMPLES
@given(
    made=st.dictionaries(KEYS, st.sampled_from(["raw", "late"]), max_size=12),
    told=st.lists(KEYS, max_size=4),
    size=st.integers(1, 5),
    prefix=st.none() | KEYS,
    group=st.none() | st.sampled_from(["raw", "none"]),
    executable=st.none() | st.booleans(),
)
async def test_every_asset_that_passes_is_listed_once_in_order(
    database: Database,
    made: dict[Path, str],
    told: list[Path],
    size: int,
    prefix: Path | None,
    group: str | None,
    executable: bool | None,
) -> None:
    await clear(database)
    await seeds.execute(database, "DELETE FROM code_locations")
    await seeds.code_location(database)
    await seeds.assets(database, [AssetSpec(key, group=name) for key, name in made.items()])
    for key in told:
        await seeds.execute(
            database, "INSERT INTO assets (key, materialized_position) VALUES (:key, 1) ON CONFLICT DO NOTHING",
            key=escaped(key),
        )  # fmt: skip
    undefined = set(told) - set(made)
    expected = {
        key
        for key in {*made, *undefined}
        if (prefix is None or key[: len(prefix)] == prefix)
        and (group is None or made.get(key) == group)
        and (executable is None or (key in made) is executable)
    }
    found: list[Path] = []
    window = Window(size)
    wanted = AssetFilter(prefix, None, group, None, executable)
    async with database.reading() as connection:
        while True:
            page = await asset_lists.page(connection, wanted, window)
            found += [seen.spec.key for seen in page.rows]
            if not page.has_next:
                break
            window = Window(size, after=page.keys[-1])
        ordered = await connection.execute(
            text("SELECT key FROM unnest(CAST(:keys AS text[])) AS key ORDER BY key"),
            {"keys": [escaped(key) for key in expected]},
        )
        assert [escaped(key) for key in found] == list(ordered.scalars())
        assert set(await asset_lists.by_keys(connection, [*made, *told])) == {*made, *told}


async def tell(database: Database, events: Sequence[Facts]) -> None:
    for event in events:
        is_check = event["kind"] is AssetEventKind.CHECK
        check = CheckOutcome(event["check"], passed=True) if is_check else None
        await seeds.asset_event(
            database, event["key"], event["kind"], partition_key=event["partition"], check=check
        )  # fmt: skip


@EXAMPLES
@given(
    old=st.lists(EVENTS, max_size=12),
    added=st.lists(EVENTS, max_size=4),
    wiped=st.booleans(),
    size=st.integers(1, 4),
    kinds=st.lists(st.sampled_from(AssetEventKind), min_size=1, max_size=3, unique=True).map(tuple),
    partition=st.none() | st.sampled_from(["p", "none"]),
    check=st.none() | st.just("one"),
)
async def test_what_happened_to_an_asset_is_listed_once_in_order(
    database: Database,
    old: list[Facts],
    added: list[Facts],
    wiped: bool,
    size: int,
    kinds: tuple[AssetEventKind, ...],
    partition: str | None,
    check: str | None,
) -> None:
    await clear(database)
    await tell(database, old[: len(old) // 2])
    if wiped:
        async with database.writing() as connection:
            await asset_histories.wipe(connection, [("x",)])
    await tell(database, old[len(old) // 2 :])

    def passes(position: int, event: Facts) -> bool:
        return (
            event["key"] == "x"
            and event["kind"] in kinds
            and not (wiped and position <= len(old) // 2)
            and (partition is None or event["partition"] == partition)
            and (check is None or (event["kind"] is AssetEventKind.CHECK and event["check"] == check))
        )

    of = HistoryFilter(kinds, partition, check)
    found: list[int] = []
    window = Window(size)
    while True:
        async with database.reading() as connection:
            page, nothing = await asset_histories.page_each(connection, [("x",), ("none",)], of, window)
        assert nothing == Page()
        found += [record.position for record in page.rows]
        if not page.has_next:
            break
        if window.after is None:
            await tell(database, added)
        window = Window(size, after=page.keys[-1])
    assert found == [place for place, event in reversed([*enumerate(old, 1)]) if passes(place, event)]
    async with database.reading() as connection:
        last = await asset_histories.latest_materializations(connection, [("x",), ("y",)])
        checks = await asset_histories.latest_checks(connection, [(("x",), "one"), (("y",), "one")])
    everything = [*enumerate([*old, *(added if window.after is not None else [])], 1)]
    _check_last(
        last, checks, [one for one in everything if not (wiped and one[1]["key"] == "x" and one[0] <= len(old) // 2)]
    )


def _check_last(last: dict[Path, AssetEventRecord], checks: Any, shown: list[tuple[int, Facts]]) -> None:
    made = {(event["key"],): place for place, event in shown if event["kind"] is AssetEventKind.MATERIALIZATION}
    assert {key: record.position for key, record in last.items()} == made
    results = {
        ((event["key"],), "one"): place
        for place, event in shown
        if event["kind"] is AssetEventKind.CHECK and event["check"] == "one"
    }
    assert {key: record.position for key, record in checks.items()} == results


EXPLAIN = "EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON)"


async def looked_at(database: Database, read: Any) -> float:
    """Return how many rows the one statement of `read` looks at."""
    rows = 0.0
    fetch, execute = direct.fetch, AsyncConnection.execute

    def look(plan: Any) -> None:
        nonlocal rows
        rows += _rows_of((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"])

    async def fetched(connection: AsyncConnection, statement: Statement, values: Any) -> Any:
        [[plan]] = await fetch(connection, Statement(f"{EXPLAIN} {statement.text}"), values)
        look(plan)
        return await fetch(connection, statement, values)

    async def executed(connection: AsyncConnection, statement: Any, values: Any) -> Any:
        [[plan]] = (await execute(connection, text(f"{EXPLAIN} {statement.text}"), values)).all()
        look(plan)
        return await execute(connection, statement, values)

    async with database.reading() as connection:
        with patch.object(direct, "fetch", fetched), patch.object(AsyncConnection, "execute", executed):
            await read(connection)
    return rows


def _rows_of(node: Any) -> float:
    """Return the rows that scans of tables read, and those that joins compared in vain."""
    own = node.get("Rows Removed by Join Filter", 0)
    if "Relation Name" in node or node["Node Type"] == "Function Scan":
        own += node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
    return float(own * node["Actual Loops"] + sum(_rows_of(part) for part in node.get("Plans", ())))


async def big(database: Database) -> UUID:
    """Make 20,000 assets, a few of them with a group and code location of their own; 40,000 events of one of them, of
    which very few are of one partition or one check.
    """
    await seeds.code_location(database)
    await seeds.job(database, JobSpec(name="daily"))
    await seeds.assets(
        database,
        [
            AssetSpec((f"a{n:05}",), deps=((f"a{n // 2:05}",),), jobs=("daily",) if n < 10 else ())
            for n in range(1, 20_000)
        ],
    )
    await seeds.code_location(database, "farm")
    await seeds.assets(database, [AssetSpec((f"a{n:05}",), group="rare") for n in range(19_950, 20_010)], "farm")
    await seeds.execute(
        database,
        f"""INSERT INTO asset_events (source_id, index, position, at, kind, key, partition_key, check_name, data)
        SELECT {seeds.id_at("now()")}, 0, n, now(), CASE n % 3 WHEN 0 THEN 'CHECK' ELSE 'MATERIALIZATION' END, 'a00001',
            CASE WHEN n % 10000 = 1 THEN 'rare' ELSE 'p' || n % 500 END,
            CASE WHEN n % 3 <> 0 THEN NULL WHEN n % 9999 = 0 THEN 'rare' ELSE 'usual' END,
            '{{"kind": "MATERIALIZATION", "key": ["a00001"]}}'
        FROM generate_series(1, 40000) AS n""",
    )
    await seeds.execute(database, "UPDATE streams SET position = 40000 WHERE name = 'assets'")
    await seeds.execute(database, "UPDATE assets SET materialized_position = 39998 WHERE key = 'a00001'")
    await seeds.execute(database, "ANALYZE")
    run = await seeds.run(database, 1)
    for place in range(3):
        await seeds.asset_event(database, "a00002", run_id=run, place=place)
    return run


async def test_the_sensors_are_gone_through_once_for_a_page_of_assets(database: Database) -> None:
    await seeds.code_location(database)
    specs = [
        SensorSpec(name=f"s{n}", job_names=(f"job{n % 20}",) if n < 200 else ("other",), asset_keys=((f"a{n:03}",),))
        for n in range(3000)
    ]
    await seeds.sensors(database, specs)
    keys = [(f"a{n:03}",) for n in range(100)]
    await seeds.assets(database, [AssetSpec(key, jobs=(f"job{n % 20}",)) for n, key in enumerate(keys)])
    await seeds.execute(database, "ANALYZE")
    asking = await looked_at(database, lambda c: asset_lists.ids_of_sensors_asking(c, keys))
    watching = await looked_at(database, lambda c: asset_lists.ids_of_sensors_watching(c, keys))
    assert asking < 200_000
    assert watching < 20_000
    async with database.reading() as connection:
        found = await asset_lists.ids_of_sensors_asking(connection, keys)
    # The one that asks by key asks by job, too.
    assert {len(each) for each in found} == {10}


async def test_what_sensors_are_told_of_assets_is_found_by_index(database: Database) -> None:
    await big(database)
    await seeds.execute(
        database,
        """INSERT INTO asset_partitions (key, partition_key, position, at)
        SELECT key, partition_key, max(position), now() FROM asset_events
        WHERE kind = 'MATERIALIZATION' AND partition_key IS NOT NULL GROUP BY 1, 2
        UNION ALL SELECT 'a' || lpad(CAST(10000 + n % 1000 AS text), 5, '0'), 'p' || n, 1, now()
        FROM generate_series(1, 200000) AS n""",
    )
    await seeds.execute(database, "ANALYZE asset_partitions")
    one, others = ("a00001",), [(f"a{n:05}",) for n in range(10_000, 10_003)]
    partitions, of_others = 501, 3 * 200
    up_to = AssetCursor("p1", 39_900, {f"p{n}": 39_000 + n for n in range(50)})
    most = {
        # Its partitions, once to tell them and once for what is new; the newest, what is new, and what is remembered.
        "some that is new": (lambda c: watched_assets.read(c, [(one, up_to)]), 2 * partitions + 300),
        # And what was made last of each partition.
        "all of it": (lambda c: watched_assets.read(c, [(one, UNTOUCHED)]), 3 * partitions + MOST_NEW + 100),
        "nothing": (
            lambda c: watched_assets.read(c, [(key, AssetCursor(None, 1)) for key in others]),
            2 * of_others + 100,
        ),
        "standing": (lambda c: watched_assets.standing(c, [one, *others]), partitions + of_others + 100),
        "since": (lambda c: watched_assets.materialized_since(c, 39_900), 200),
    }
    found = {name: await looked_at(database, read) for name, (read, _) in most.items()}
    assert {name: rows for name, rows in found.items() if rows > most[name][1]} == {}


async def test_a_page_is_found_among_many_by_index(database: Database) -> None:
    run = await big(database)
    window, some = Window(25), [(f"a{n:05}",) for n in range(1, 26)]
    kinds = (AssetEventKind.MATERIALIZATION,)
    found = {
        name: await looked_at(database, read)
        for name, read in {
            "assets": lambda c: asset_lists.page(c, AssetFilter(), window),
            "assets, further on": lambda c: asset_lists.page(c, AssetFilter(), Window(25, after=("a03000",))),
            "assets of a small group": lambda c: asset_lists.page(c, AssetFilter(group="rare"), window),
            "assets of a large group": lambda c: asset_lists.page(c, AssetFilter(group="default"), window),
            "assets of no group": lambda c: asset_lists.page(c, AssetFilter(group="none"), window),
            "assets of a small code location": lambda c: asset_lists.page(c, AssetFilter(code_location="farm"), window),
            "assets of a large code location": lambda c: asset_lists.page(c, AssetFilter(code_location="shop"), window),
            "assets by key": lambda c: asset_lists.by_keys(c, some),
            "events": lambda c: asset_histories.page_each(c, some, HistoryFilter(), window),
            "materializations": lambda c: asset_histories.page_each(c, some, HistoryFilter(kinds), window),
            "of a partition": lambda c: asset_histories.page_each(c, some, HistoryFilter(kinds, "rare"), window),
            "of a check": lambda c: asset_histories.page_each(
                c, some, HistoryFilter((AssetEventKind.CHECK,), None, "rare"), window
            ),
            "of a check that nobody made": lambda c: asset_histories.page_each(
                c, some, HistoryFilter((AssetEventKind.CHECK,), None, "none"), window
            ),
            "last": lambda c: asset_histories.latest_materializations(c, some),
            "last checks": lambda c: asset_histories.latest_checks(c, [(key, "rare") for key in some]),
            "of the stream": lambda c: assets.after(c, 20_000, 100),
            "after a position, of some": lambda c: assets.after(c, 39_000, 100, some),
            "the last of each": lambda c: assets.latest(c, some),
            "of a run": lambda c: asset_histories.page_each_source(c, [run], window),
            "at positions": lambda c: asset_histories.by_positions(c, [7, 40_001]),
        }.items()
    }
    # Two indexes are gone along side by side, as far as the first of the group lies; no other row is looked at.
    assert found.pop("assets of a small group") < 21_000
    assert {name: rows for name, rows in found.items() if rows > 1000} == {}
