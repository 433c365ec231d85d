import asyncio
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text

from vedette.errors import DatabaseOutdated
from vedette.storage.database import Database
from vedette.storage.migrations import migrating
from vedette.storage.migrations.differences import differences


async def version(database: Database) -> str:
    async with database.reading() as connection:
        return str((await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar_one())


async def set_version(database: Database, version: str) -> None:
    async with database.writing() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = :version"), {"version": version})


async def test_the_migrations_build_the_tables(database_url: str) -> None:
    assert await differences(database_url) == []


async def test_a_difference_is_found(database: Database) -> None:
    async with database.writing() as connection:
        await connection.execute(text("DROP INDEX ix_runs_queue"))
        await connection.execute(text("ALTER TABLE ticks ALTER COLUMN cause DROP NOT NULL"))
        await connection.execute(text("ALTER TABLE sensors DROP CONSTRAINT ck_sensors_status"))
    found = "\n".join(await differences(database.url))
    assert "CREATE INDEX ix_runs_queue" in found
    assert "only in tables: ticks.cause text NOT NULL" in found
    assert "ck_sensors_status" in found


async def test_the_streams_begin_at_zero(database: Database) -> None:
    async with database.reading() as connection:
        rows = await connection.execute(text("SELECT name, position, purged FROM streams ORDER BY name"))
        assert [tuple(row) for row in rows] == [
            (name, 0, 0) for name in ("assets", "audit", "runs", "sensors", "ticks")
        ]


async def test_several_starts_at_once_migrate_once(empty_database_url: str) -> None:
    await asyncio.gather(*(migrating.migrate(empty_database_url) for _ in range(4)))
    await migrating.check(empty_database_url)
    async with Database(empty_database_url) as database:
        assert await version(database) == migrating.newest()


async def test_a_database_that_needs_it_is_migrated_after_other_imports(empty_database_url: str) -> None:
    async def imports() -> None:
        with pytest.raises(DatabaseOutdated, match="no tables yet"):
            await migrating.check(empty_database_url)

    await migrating.migrate(empty_database_url, after=imports())
    await migrating.check(empty_database_url)


async def test_a_migrated_database_is_left_alone(database: Database) -> None:
    await migrating.migrate(database.url)
    await migrating.check(database.url)


async def test_an_empty_database_is_outdated(empty_database_url: str) -> None:
    with pytest.raises(DatabaseOutdated, match=r"no tables yet.* run `vedette migrate`"):
        await migrating.check(empty_database_url)


async def test_an_older_database_is_outdated(database: Database) -> None:
    await set_version(database, "0000")
    with pytest.raises(DatabaseOutdated, match=f"version 0000, this Vedette needs {migrating.newest()}"):
        await migrating.check(database.url)


async def test_a_newer_database_that_this_code_can_work_with_is_left_alone(database: Database) -> None:
    """As while a release is rolled out: the first of its processes migrates, the others are still of the one before."""
    await set_version(database, "9999")
    await migrating.check(database.url)
    await migrating.migrate(database.url)
    assert await version(database) == "9999"


async def test_a_newer_database_is_refused_and_left_alone(database: Database) -> None:
    await set_version(database, "9999")
    async with database.writing() as connection:
        await connection.execute(text("UPDATE compatibility SET oldest_code = '9000'"))
    with pytest.raises(DatabaseOutdated, match="use a newer Vedette"):
        await migrating.check(database.url)
    with pytest.raises(DatabaseOutdated, match="use a newer Vedette"):
        await migrating.migrate(database.url)
    assert await version(database) == "9999"


def test_the_numbers_of_the_files_are_alembics_revisions() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrating.VERSIONS).parent))
    script = ScriptDirectory.from_config(config)
    assert script.get_heads() == [migrating.newest()]
    for revision in script.walk_revisions():
        assert Path(revision.path).name.startswith(f"v{revision.revision}_")
