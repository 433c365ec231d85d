"""The instance of the settings, as a script takes it."""

import asyncio
from pathlib import Path

import pytest

from vedette import InvocationError, VedetteInstance, job, op
from vedette.bus import Bus, topics
from vedette.errors import DatabaseOutdated, InvalidSetting
from vedette.instances.opening import Opening
from vedette.storage.database import Database
from vedette.storage.runs import runs


@op
def greet() -> None: ...


@job
def greets() -> None:
    greet()


async def test_a_script_reads_and_writes_the_database_of_the_settings(
    database: Database, bus: Bus, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VEDETTE_DATABASE_URL", database_url)
    opening = Opening()
    instance = await asyncio.to_thread(opening.current)
    assert await asyncio.to_thread(opening.current) is instance
    with bus.listen(topics.RUNS) as listener:
        result = await asyncio.to_thread(lambda: greets.execute_in_process(instance=instance))
        # Who follows runs is told at once.
        assert await listener.wait(20) == {topics.RUNS}
    async with database.reading() as connection:
        (run,) = (await runs.by_ids(connection, [result.run.id])).values()
        assert (run.job_name, run.is_success) == ("greets", True)
        steps = await runs.steps_each(connection, [run.id])
        assert [step.name for step in steps[run.id]] == ["greet"]
    assert not instance.is_ephemeral


def test_a_database_without_tables_is_refused(empty_database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEDETTE_DATABASE_URL", empty_database_url)
    with pytest.raises(DatabaseOutdated, match="vedette migrate"):
        Opening().current()


def test_wrong_settings_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEDETTE_PORT", "many")
    with pytest.raises(InvalidSetting, match="VEDETTE_PORT"):
        VedetteInstance.get()


def test_the_embedded_database_of_the_home_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEDETTE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("VEDETTE_DATABASE_URL", raising=False)
    instance = Opening().current()
    with pytest.raises(InvocationError):
        instance.add_dynamic_partitions("a", [""])
    instance.add_dynamic_partitions("a", ["b"])
    assert instance.has_dynamic_partition("a", "b")
