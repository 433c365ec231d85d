"""A live upgrade: the schema of the next release comes while the processes of this one work; then they are replaced."""

import asyncio
import shutil
from pathlib import Path

import pytest
from chaos.processes import wait_until
from chaos.trial import Trial
from sqlalchemy import text

from vedette import faults
from vedette.storage.database import Database
from vedette.storage.migrations.migrating import VERSIONS, migrate, newest

HEAD = """
import sqlalchemy as sa
from alembic import op
from vedette.storage.migrations.steps import create_index

revision = "{0}"
down_revision = "{1}"
"""
NEXT = {
    "v0002_columns.py": """
def upgrade():
    op.add_column("ticks", sa.Column("weight", sa.Integer(), server_default="1", nullable=False))
    op.add_column("runs", sa.Column("note", sa.Text()))
    op.create_table("notes", sa.Column("id", sa.Uuid(), primary_key=True))
""",
    "v0003_index.py": """
def upgrade():
    create_index("ix_ticks_weight", "ticks", "weight, id")
""",
    "v0004_other_index.py": """
def upgrade():
    create_index("ix_sensors_note", "sensors", "status_note")
""",
}


@pytest.fixture
def versions(tmp_path: Path) -> Path:
    """The versions of this release and of the next."""
    folder = tmp_path / "versions"
    shutil.copytree(VERSIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name, body in NEXT.items():
        number = int(name[1:5])
        (folder / name).write_text(HEAD.format(f"{number:04}", f"{number - 1:04}") + body)
    assert newest(folder) == "0004"
    return folder


async def version(database: Database) -> str:
    async with database.reading() as connection:
        return str((await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar_one())


@pytest.mark.parametrize(("step", "reached"), [(1, "0001"), (2, "0002"), (3, "0003")])
async def test_a_migration_that_is_cut_off_goes_on_from_the_step_it_had_reached(
    database: Database, versions: Path, monkeypatch: pytest.MonkeyPatch, step: int, reached: str
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(faults, "_faults", faults.parse(f"MIGRATION_STEP=error@{step}"))
        with pytest.raises(faults.InjectedFault):
            await migrate(database.url, versions)
    assert await version(database) == reached
    await asyncio.gather(*(migrate(database.url, versions) for _ in range(3)))
    assert await version(database) == "0004"
    async with database.reading() as connection:
        unfinished = await connection.execute(text("SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid"))
        assert unfinished.all() == []


async def test_a_table_in_use_is_waited_for_and_nobody_waits_behind(database: Database, versions: Path) -> None:
    other = Database(database.url, frozen_seconds=60)
    async with asyncio.TaskGroup() as tasks, other, other.writing() as connection:
        await connection.execute(text("LOCK TABLE ticks IN ACCESS SHARE MODE"))
        migrating = tasks.create_task(migrate(database.url, versions))
        async with asyncio.timeout(30):
            for _ in range(20):
                async with database.reading() as reader:
                    await reader.execute(text("SELECT count(*) FROM ticks"))
                await asyncio.sleep(0.05)
        assert not migrating.done()
    assert await version(database) == "0004"


# Retention makes a partition at the worst moment: an index of the migration is there already, another is not yet.
INTERFERENCE = """
CREATE FUNCTION interfere() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_regclass('ticks_{made}_made') IS NULL AND to_regclass('ticks_failure_ix_ticks_weight') IS NOT NULL THEN
        CREATE TABLE ticks_{made}_made (LIKE ticks_{made} INCLUDING ALL);
        ALTER TABLE ticks_{made} ATTACH PARTITION ticks_{made}_made
            FOR VALUES FROM ('00000000-0000-7000-8000-000000000000') TO ('00000000-0001-7000-8000-000000000000');
    END IF;
END $$;
CREATE EVENT TRIGGER interfere ON ddl_command_end WHEN TAG IN ('CREATE INDEX') EXECUTE FUNCTION interfere();
"""


CUT_OFF = """
CREATE INDEX ix_ticks_weight ON ONLY ticks (weight, id);
CREATE INDEX ticks_failure_ix_ticks_weight ON ONLY ticks_failure (weight, id);
ALTER INDEX ix_ticks_weight ATTACH PARTITION ticks_failure_ix_ticks_weight;
CREATE TABLE ticks_failure_made (LIKE ticks_failure INCLUDING ALL);
ALTER TABLE ticks_failure ATTACH PARTITION ticks_failure_made
    FOR VALUES FROM ('00000000-0000-7000-8000-000000000000') TO ('00000000-0001-7000-8000-000000000000');
"""


async def script(database: Database, statements: str) -> None:
    async with database.writing() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        await driver.execute(statements)


async def indexes_of_weight(database: Database, table: str) -> int:
    """Count a table's indexes of the new column; every index is whole."""
    indexes = text("SELECT count(*) FROM pg_indexes WHERE tablename = :table AND indexdef LIKE '%weight%'")
    async with database.reading() as connection:
        unfinished = await connection.execute(text("SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid"))
        assert unfinished.all() == []
        return int((await connection.execute(indexes, {"table": table})).scalar_one())


@pytest.mark.parametrize("made", ["failure", "skipped", "success"])
async def test_a_partition_that_is_made_meanwhile_has_its_part_of_the_index_once(
    database: Database, versions: Path, made: str
) -> None:
    await script(database, INTERFERENCE.format(made=made))
    await migrate(database.url, versions)
    assert await indexes_of_weight(database, f"ticks_{made}_made") == 1


async def test_a_partition_that_is_made_after_a_migration_was_cut_off_has_its_part_of_the_index_once(
    database: Database, versions: Path, tmp_path: Path
) -> None:
    with_columns = tmp_path / "with_columns"
    shutil.copytree(versions, with_columns, ignore=shutil.ignore_patterns("v0003*", "v0004*"))
    await migrate(database.url, with_columns)
    await script(database, CUT_OFF)
    await migrate(database.url, versions)
    assert await indexes_of_weight(database, "ticks_failure_made") == 1


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_next_schema_comes_under_load_and_then_the_processes_are_replaced(
    database_url: str, versions: Path, tmp_path: Path
) -> None:
    (tmp_path / "trial").mkdir()
    with Trial(tmp_path / "trial", database_url) as trial:
        evaluate, launch = trial.start("evaluate", "launch")
        trial.events.start()
        wait_until(lambda: _runs(trial) > 30, "runs before the migration", 60)
        asyncio.run(migrate(database_url, versions))
        migrated = _runs(trial)
        wait_until(lambda: _runs(trial) > migrated + 30, "runs after the migration", 60)
        assert all(process.is_alive for process in trial.fleet.processes)
        # Code that does not know the new version starts on it, as the processes of a release are replaced one by one.
        for process in (evaluate, launch):
            trial.start(process.role)
            process.terminate()
        replaced = _runs(trial)
        wait_until(lambda: _runs(trial) > replaced + 10, "runs after the processes were replaced", 60)
        trial.settle()
        verdict = trial.verdict()
    assert (verdict.lost, verdict.doubled, verdict.problems) == (0, 0, [])
    assert verdict.interrupted == 0


def _runs(trial: Trial) -> int:
    count = "SELECT count(*) FROM runs WHERE status = 'SUCCESS'"
    return int(trial.ask(lambda connection: connection.fetchval(count)))
