"""Catalogs and reloads between real locations and a real database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import text

from integration.hosts.projects import Project, until
from vedette.bus import Bus, topics
from vedette.hosts.locations import CodeLocations
from vedette.hosts.registrar import register
from vedette.hosts.reloads import follow_reloads
from vedette.settings import Settings
from vedette.storage.database import Database

SENSOR = "@sensor()\ndef {name}():\n    pass\n"


@asynccontextmanager
async def served(project: Project, database: Database, bus: Bus) -> AsyncIterator[CodeLocations]:
    async with (
        CodeLocations({"project": str(project.path)}, Settings(), watch=False) as locations,
        asyncio.TaskGroup() as tasks,
    ):
        running = [
            tasks.create_task(register(database, bus, locations)),
            tasks.create_task(follow_reloads(database, bus, locations)),
        ]
        yield locations
        for task in running:
            task.cancel()


async def loaded(database: Database) -> dict[str, bool]:
    async with database.reading() as connection:
        return {row.name: row.loaded for row in await connection.execute(text("SELECT name, loaded FROM sensors"))}


async def location(database: Database) -> Any:
    async with database.reading() as connection:
        return (await connection.execute(text("SELECT * FROM code_locations"))).one_or_none()


async def test_every_load_is_stored_and_knocked(project: Project, database: Database, bus: Bus) -> None:
    async def is_(expected: dict[str, bool]) -> bool:
        return await loaded(database) == expected

    project.write(SENSOR.format(name="first"))
    with bus.listen(topics.SENSORS, topics.CODE_LOCATIONS) as listener:
        async with served(project, database, bus) as locations:
            await until(lambda: is_({"first": True}), "the sensor")
            await until(lambda: listener.wait(1.0), "the knock")

            project.write(SENSOR.format(name="second"))
            await locations["project"].reload()
            await until(lambda: is_({"first": False, "second": True}), "the second sensor")

            project.write("def (:")
            await locations["project"].reload()
            await until(lambda: is_({"first": False, "second": False}), "the error")
            assert "SyntaxError" in (await location(database)).error


async def test_a_reload_that_is_asked_for_is_done_and_stored_before_it_is_told(
    project: Project, database: Database, bus: Bus
) -> None:
    project.write(SENSOR.format(name="first"))
    async with served(project, database, bus):
        await until(lambda: loaded(database), "the sensor")
        project.write(SENSOR.format(name="second"))
        async with database.writing() as connection:
            await connection.execute(text("UPDATE code_locations SET reload_asked = reload_asked + 1"))
        bus.knock(topics.CODE_LOCATIONS)

        async def done() -> bool:
            return bool((await location(database)).reload_done == 1)

        await until(done, "the reload")
        assert await loaded(database) == {"first": False, "second": True}
