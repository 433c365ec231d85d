"""A name that is not there: the command line says why, where it can know."""

from sqlalchemy import text

import seeds
from integration.cli.terminal import Terminal
from vedette.storage.database import Database


async def test_a_server_without_projects_says_that_none_has_been_loaded(terminal: Terminal) -> None:
    (await terminal.call("sensor", "show", "inbox")).fails(1, "There is no sensor 'inbox': no project has been loaded")


async def test_a_project_that_does_not_load_is_named_with_its_error(database: Database, terminal: Terminal) -> None:
    location = await seeds.code_location(database)
    (await terminal.call("sensor", "show", "inbox")).fails(1, "`vedette sensor list` lists them")

    async with database.writing() as connection:
        error = """{"type": "SyntaxError", "message": "invalid syntax"}"""
        await connection.execute(
            text("UPDATE code_locations SET error = :error WHERE id = :id"), {"error": error, "id": location}
        )
    (await terminal.call("sensor", "show", "inbox")).fails(1, "does not load", "SyntaxError: invalid syntax")
    (await terminal.call("sensor", "show", "elsewhere/inbox")).fails(1, "`vedette sensor list` lists them")
