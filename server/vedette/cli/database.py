"""`vedette migrate`."""

import os

import click

from vedette.cli.running import run_until_stopped
from vedette.runtime import starting
from vedette.settings import load
from vedette.storage.migrations import differences


@click.command()
@click.option("--home", help="Folder of the embedded database.")
@click.option("--check", is_flag=True, help="Change nothing; tell whether the migrations build the tables of the code.")
@click.pass_context
def migrate(context: click.Context, home: str | None, check: bool) -> None:
    """Bring the database up to this version: that of VEDETTE_DATABASE_URL, else the embedded one."""
    if check:
        context.exit(differences.main())
    settings, _ = load({"home": home}, os.environ)
    run_until_stopped(starting.migrate(settings))
    click.echo("The database is up to date.")
