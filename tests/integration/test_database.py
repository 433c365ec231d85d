import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import asyncpg
import msgspec
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from reliability.proxy import Proxy
from vedette.errors import DatabaseUnreachable
from vedette.storage import direct
from vedette.storage.database import Database
from vedette.storage.tables import code_locations

ID = "01932b6e-0000-7000-8000-000000000001"
INSERT = text(
    "INSERT INTO code_locations (id, name, target, error) VALUES (CAST(:id AS uuid), :name, 'x', CAST(:error AS jsonb))"
)
NAMES = text("SELECT name FROM code_locations ORDER BY name")
KILL_ALL = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


async def names(database: Database) -> list[str]:
    async with database.reading() as connection:
        return list((await connection.execute(NAMES)).scalars())


async def use_at_once(database: Database, count: int) -> None:
    """Open `count` connections of the pool."""

    async def one() -> None:
        async with database.reading() as connection:
            await connection.execute(text("SELECT pg_sleep(0.05)"))

    await asyncio.gather(*(one() for _ in range(count)))


async def test_the_clock_is_the_databases_and_in_utc(database: Database) -> None:
    first, second = await database.now(), await database.now()
    assert second > first
    assert first.utcoffset() == timedelta(0)


async def test_writing_commits_at_the_end_of_the_block(database: Database) -> None:
    async with database.writing() as connection:
        await connection.execute(INSERT, {"id": ID, "name": "here", "error": None})
        assert await names(database) == []
    assert await names(database) == ["here"]


async def test_writing_rolls_back_when_the_block_raises(database: Database) -> None:
    async def fail() -> None:
        async with database.writing() as connection:
            await connection.execute(INSERT, {"id": ID, "name": "here", "error": None})
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    assert await names(database) == []


async def test_reading_sees_what_is_committed_in_between(database: Database) -> None:
    async with database.reading() as reader:
        assert (await reader.execute(NAMES)).all() == []
        async with database.writing() as connection:
            await connection.execute(INSERT, {"id": ID, "name": "here", "error": None})
        assert (await reader.execute(NAMES)).scalars().all() == ["here"]


async def test_json_is_text_in_both_directions_and_from_core_too(database: Database) -> None:
    document = {"ä": [1, None, "\u2028"]}
    async with database.writing() as connection:
        await connection.execute(INSERT, {"id": ID, "name": "here", "error": msgspec.json.encode(document).decode()})
        await connection.execute(
            code_locations.insert(),
            {"id": ID[:-1] + "2", "name": "there", "target": "x", "error": '{"from": "core"}'},
        )
    async with database.reading() as connection:
        raw = (await connection.execute(text("SELECT error FROM code_locations ORDER BY name"))).scalars().all()
        core = (await connection.execute(select(code_locations.c.error).order_by("name"))).scalars().all()
    assert [msgspec.json.decode(value) for value in raw] == [document, {"from": "core"}]
    assert core == raw


async def test_json_travels_in_arrays(database: Database) -> None:
    unnest = text("SELECT value FROM unnest(CAST(:values AS jsonb[])) AS rows(value)")
    async with database.reading() as connection:
        answer = (await connection.execute(unnest, {"values": ['{"a": 1}', None, "[2]"]})).scalars().all()
    assert answer == ['{"a": 1}', None, "[2]"]


async def test_connections_say_who_they_are_and_do_not_wait_for_ever(database: Database) -> None:
    async with database.reading() as connection:
        show = text("SELECT current_setting('application_name'), current_setting('statement_timeout')")
        assert (await connection.execute(show)).one() == ("vedette", "54s")


async def test_connections_lost_while_idle_cost_one_failure_at_most(database: Database) -> None:
    await use_at_once(database, 5)
    async with database.reading() as connection:
        assert len((await connection.execute(KILL_ALL)).all()) == 4
    failures = 0
    for _ in range(10):
        try:
            await use_at_once(database, 1)
        except DatabaseUnreachable:
            failures += 1
    assert failures <= 1


async def test_a_connection_lost_in_use_is_an_unreachable_database_once(database: Database) -> None:
    async def lose(other: Database) -> None:
        async with other.writing() as connection:
            await connection.execute(NAMES)
            async with database.reading() as killer:
                await killer.execute(KILL_ALL)
            await connection.execute(NAMES)

    async with Database(database.url) as other:
        with pytest.raises(DatabaseUnreachable):
            await lose(other)
        await other.now()


async def test_connections_that_carry_nothing_any_more_cost_one_wait_for_all(database_url: str) -> None:
    async def transaction() -> None:
        async with database.writing() as connection:
            await connection.execute(NAMES)
            proxy.silence()
            await connection.execute(NAMES)

    with Proxy(database_url) as proxy:
        async with Database(proxy.url, command_seconds=1.0) as database:
            await use_at_once(database, 5)
            with pytest.raises(DatabaseUnreachable):
                await transaction()
            # Each on its own connection, none of them one that would be silent.
            await use_at_once(database, 5)


async def test_an_error_of_a_statement_stays_what_it_is(database: Database) -> None:
    with pytest.raises(DBAPIError, match="division by zero"):
        async with database.reading() as connection:
            await connection.execute(text("SELECT 1 / 0"))


@pytest.mark.parametrize("turns", range(12))
async def test_whoever_gives_up_while_a_lost_connection_is_replaced_leaves_no_place_taken(
    database: Database, turns: int
) -> None:
    """Given up after so many turns of the loop: at each place at which taking a connection waits for something."""
    async with database.reading() as connection:
        direct.driver(connection).terminate()
    reading = asyncio.create_task(names(database))
    for _ in range(turns):
        await asyncio.sleep(0)
    reading.cancel()
    await asyncio.wait([reading])
    assert database._engine.pool.checkedout() == 0  # type: ignore[attr-defined]  # QueuePool has it
    assert await names(database) == []


async def test_a_cancelled_statement_gives_its_connection_back(database_url: str) -> None:
    async with Database(database_url, pool_size=1) as database:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2), database.reading() as connection:
                await connection.execute(text("SELECT pg_sleep(30)"))
        async with asyncio.timeout(5):
            await database.now()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://anna:secret@127.0.0.1:1/sensors",
        "postgres://anna@127.0.0.1:1/sensors?password=secret",
        "postgresql://anna:secret@/sensors?host=/nonexistent",
        "mysql://anna:secret@127.0.0.1/sensors",
        "postgresql://anna:secret@127.0.0.1:port/sensors",
    ],
)
async def test_an_unreachable_database_is_one_line_without_the_password(url: str) -> None:
    with pytest.raises(DatabaseUnreachable) as caught:
        async with Database(url):
            pass
    line = str(caught.value)
    assert "anna" in line
    assert "secret" not in line
    assert "\n" not in line


async def test_a_database_that_is_not_there_is_named(database_url: str) -> None:
    missing = database_url.replace("/test_", "/missing_")
    with pytest.raises(DatabaseUnreachable, match=r'"missing_\w+" does not exist'):
        async with Database(missing):
            pass


async def test_a_frozen_process_keeps_others_waiting_no_longer_than_agreed(database_url: str) -> None:
    lock = text("UPDATE streams SET position = position WHERE name = 'ticks'")

    async def freeze() -> None:
        async with frozen.writing() as connection:
            await connection.execute(lock)
            async with asyncio.timeout(5), other.writing() as waiting:
                await waiting.execute(lock)

    async with Database(database_url, frozen_seconds=0.3) as frozen, Database(database_url) as other:
        with pytest.raises(DatabaseUnreachable):
            await freeze()
        assert await frozen.now() is not None


async def by_sqlalchemy(connection: AsyncConnection) -> None:
    await connection.execute(NAMES)


async def by_the_driver(connection: AsyncConnection) -> None:
    await direct.fetch(connection, direct.Statement("SELECT 1"), {})


@pytest.mark.parametrize("ask", [by_sqlalchemy, by_the_driver])
async def test_a_connection_that_the_server_is_just_ending_is_lost(
    database_url: str, ask: Callable[[AsyncConnection], Awaitable[None]]
) -> None:
    async def stand_still(proxy: Proxy, database: Database) -> None:
        async with database.writing() as connection:
            await ask(connection)
            # Long enough for the server to end it: its last words are read here, the end of the stream not yet.
            proxy.holds_ends = True
            assert await asyncio.to_thread(proxy.ended.wait, 20)
            for _ in range(3):
                await asyncio.sleep(0)
            await ask(connection)

    with Proxy(database_url) as proxy:
        async with Database(proxy.url, pool_size=1, frozen_seconds=0.3) as database:
            with pytest.raises(DatabaseUnreachable, match="another operation"):
                await stand_still(proxy, database)
            proxy.holds_ends = False
            assert await database.now() is not None


async def test_a_connection_that_is_ended_while_it_is_made_is_lost(database: Database) -> None:
    with pytest.raises(DatabaseUnreachable, match="another operation"):
        async with database.writing():
            # As the driver says it; SQLAlchemy passes it on as it is then.
            raise asyncpg.InternalClientError("cannot switch to state 12; another operation (2) is in progress")
    assert await database.now() is not None


@pytest.mark.parametrize("state", ["25006", "40P01", "53100", "55P03", "57014"])
async def test_what_may_succeed_later_is_told_from_what_is_wrong(database: Database, state: str) -> None:
    with pytest.raises(DatabaseUnreachable):
        async with database.writing() as connection:
            await connection.execute(text(f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{state}'; END $$"))


async def test_a_row_whose_partition_was_made_on_its_way_finds_its_place_next_time(database: Database) -> None:
    async with database.writing() as connection:
        await connection.execute(text("CREATE TABLE parted (n integer) PARTITION BY RANGE (n)"))
        await connection.execute(text("CREATE TABLE parted_rest PARTITION OF parted DEFAULT"))
        await connection.execute(text("CREATE TABLE parted_1 (n integer)"))
    put = text("INSERT INTO parted (n) VALUES (5)")

    async def write() -> None:
        async with database.writing() as other:
            await other.execute(put)

    async with database.writing() as connection:
        await connection.execute(text("LOCK TABLE parted_rest IN ACCESS EXCLUSIVE MODE"))
        writing = asyncio.create_task(write())
        waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
        while not (await connection.execute(waits)).scalar():  # noqa: ASYNC110  (what is waited for sets no event)
            await asyncio.sleep(0.01)
        await connection.execute(text("ALTER TABLE parted ATTACH PARTITION parted_1 FOR VALUES FROM (0) TO (10)"))
    with pytest.raises(DatabaseUnreachable):
        await writing
    await write()
