"""`vedette dev`, `serve`, `evaluate`, `launch`: the server's parts, together or as processes of their own."""

import os
import shutil
import sys
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, ParamSpec

import click

from vedette.access import exposure
from vedette.cli.running import run_until_stopped
from vedette.cli.targets import find_targets
from vedette.cli.versions import installed_version
from vedette.runtime import starting
from vedette.settings import Settings, load, redacted
from vedette.telemetry.logs import set_up_logging

P = ParamSpec("P")
Command = Callable[P, None]

_file_arguments = click.argument("targets", nargs=-1, metavar="[TARGET]...")
_modules = click.option("-m", "modules", multiple=True, metavar="MODULE", help="A module, as `python -m` finds it.")
_host = click.option("--host", help="Address that the API listens on.")
_port = click.option("--port", help="Port that the API listens on; 0 takes a free one.")
_home = click.option("--home", help="Folder for the embedded database and other state.")
_insecure = click.option(
    "--insecure",
    is_flag=True,
    default=None,
    help="Listen beyond this machine without authentication: whoever comes may do everything.",
)
_read_only = click.option(
    "--read-only", is_flag=True, default=None, help="Let nobody change anything by the API; sensors go on."
)
_slots = click.option("--slots", help="Runs to execute at a time.")


def _projects(command: Command[P]) -> Command[P]:
    """Give a command the projects that it works on."""
    return _file_arguments(_modules(command))


@click.command()
@_projects
@_host
@_port
@_home
@_slots
@_insecure
@_read_only
@click.option("--no-watch", is_flag=True, help="Do not reload a project when its files change.")
def dev(targets: tuple[str, ...], modules: tuple[str, ...], no_watch: bool, **options: str | bool | None) -> None:
    """Serve, evaluate and launch in one process, with an embedded Postgres unless VEDETTE_DATABASE_URL names one.

    \b
    vedette dev path/to/project.py
    vedette dev -m package.module --port 4500
    """
    # What is tried out executes here, whatever the environment says of production.
    settings = _settings({**options, "engine": "local"})
    named = find_targets(targets, modules)
    _warn_of_exposure(settings)

    def announce(address: str) -> None:
        click.echo(_greeting(settings, named, address))

    _run(settings, starting.dev(settings, named, watch=not no_watch, announce=announce))


@click.command()
@_host
@_port
@_home
@_insecure
@_read_only
def serve(**options: str | bool | None) -> None:
    """Serve the GraphQL API on the database of VEDETTE_DATABASE_URL."""
    settings = _settings(options)
    _warn_of_exposure(settings)

    def announce(address: str) -> None:
        click.echo(f"GraphQL at {address}/graphql. Ctrl-C stops it.")

    _run(settings, starting.serve(settings, announce=announce))


@click.command()
@_projects
@_home
@click.option("--watch", is_flag=True, help="Reload a project when its files change.")
def evaluate(targets: tuple[str, ...], modules: tuple[str, ...], watch: bool, **options: str | None) -> None:
    """Evaluate the sensors of projects, on the database of VEDETTE_DATABASE_URL."""
    settings = _settings(options)
    named = find_targets(targets, modules)
    announce = _announcement("Evaluating the sensors of", named)
    _run(settings, starting.evaluate(settings, named, watch=watch, announce=announce))


@click.command()
@_projects
@_home
@_slots
@click.option("--engine", help="Where runs execute: local (this machine), dask or ray.")
@click.option("--engine-address", help="Dask's scheduler (tcp://host:8786) or Ray's head (host:6379).")
@click.option("--engine-listen", help="HOST or HOST:PORT of this machine where the engine's workers reach it.")
@click.option("--watch", is_flag=True, help="Reload a project when its files change.")
def launch(targets: tuple[str, ...], modules: tuple[str, ...], watch: bool, **options: str | None) -> None:
    """Execute the queued runs of projects, on the database of VEDETTE_DATABASE_URL.

    \b
    vedette launch path/to/project.py
    vedette launch path/to/project.py --engine dask --engine-address tcp://scheduler:8786
    """
    settings = _settings(options)
    named = find_targets(targets, modules)
    announce = _announcement("Launching the runs of", named)
    _run(settings, starting.launch(settings, named, watch=watch, announce=announce))


def _settings(options: Mapping[str, str | bool | None]) -> Settings:
    settings, _ = load(options, os.environ)
    return settings


def _warn_of_exposure(settings: Settings) -> None:
    """Say loudly who may do everything, where that is everybody. Raises UsageError where nobody said so."""
    warning = exposure.check(settings)
    if warning is not None:
        click.secho(warning, fg="red", bold=True, err=True)


def _run(settings: Settings, coroutine: Coroutine[Any, Any, None]) -> None:
    set_up_logging(settings.log_level, settings.log_format)
    run_until_stopped(coroutine)


def _announcement(doing: str, targets: dict[str, str]) -> Callable[[str], None]:
    def announce(_address: str) -> None:
        click.echo(f"{doing} {', '.join(targets.values())}. Ctrl-C stops it.")

    return announce


def _greeting(settings: Settings, targets: dict[str, str], address: str) -> str:
    """Return what `dev` says when everything answers: the addresses, and what to try next."""
    database = (
        f"embedded Postgres in {settings.home}" if settings.database_url is None else redacted(settings.database_url)
    )
    command = _command()
    url = "" if settings.port == Settings.model_fields["port"].default else f" --url {address}"
    return "\n".join(
        (
            f"Vedette {installed_version()}",
            f"  Interface  {address}/",
            f"  GraphQL    {address}/graphql (in a browser: GraphiQL)",
            f"  Projects   {', '.join(targets.values())}",
            f"  Database   {database}",
            "Open the interface, or try in another terminal:",
            f"  {command} sensor list{url}",
            f"  {command} tick follow{url}",
            f"  {command} run list{url}",
            "Ctrl-C stops everything.",
        )
    )


def _command() -> str:
    """Return how this program can be called from here: by its bare name only where that finds this very file."""
    name = Path(sys.argv[0])
    found = shutil.which("vedette")
    if found is not None and name.exists() and Path(found).samefile(name):
        return "vedette"
    return str(name) if name.name == "vedette" else f"{sys.executable} -m vedette.cli"
