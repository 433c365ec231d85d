"""`vedette code-location …`: the projects that sensors and jobs come from, and loading them anew."""

import click

from vedette.cli.catalog import code_location_documents as documents
from vedette.cli.client import Client, asks_server, json_option
from vedette.cli.failures import OperationFailed
from vedette.cli.lazy import Lazy, LazyGroup
from vedette.cli.output import cut, error_text, local_time, print_facts, print_json, print_line, print_table
from vedette.client.connection import Json

COMMANDS = {
    "list": Lazy(
        "vedette.cli.catalog.code_locations:list_code_locations", "List code locations, and which do not load."
    ),
    "show": Lazy("vedette.cli.catalog.code_locations:show", "Show one, with the error and where it was raised."),
    "reload": Lazy("vedette.cli.catalog.code_locations:reload", "Load one anew."),
}


@click.group("code-location", cls=LazyGroup, lazy=COMMANDS)
def code_location() -> None:
    """List, show and reload the projects that sensors and jobs come from."""


@click.command("list")
@json_option
@asks_server
def list_code_locations(client: Client, as_json: bool) -> None:
    """List code locations, and which do not load.

    \b
    vedette code-location list --json
    """
    found = client.execute(documents.LIST)["codeLocations"]
    if as_json:
        print_json(found)
        return
    rows = [
        (one["name"], one["target"], local_time(one["loadedAt"]), cut(error_text(one["error"]), 80)) for one in found
    ]
    none = "No project has been loaded yet; begin with `vedette dev path/to/project.py`."
    print_table(("Code location", "Project", "Loaded", "Does not load"), rows, none=none)


@click.command()
@click.argument("name")
@json_option
@asks_server
def show(client: Client, name: str, as_json: bool) -> None:
    """Show a code location, and if it does not load, the error and where it was raised.

    \b
    vedette code-location show inbox
    """
    _print(_find(client, name), as_json)


@click.command()
@click.argument("name")
@json_option
@asks_server
def reload(client: Client, name: str, as_json: bool) -> None:
    """Load a code location anew, and wait until that is done; exit code 1 if it does not load.

    What runs goes on with the code that it began with.

    \b
    vedette code-location reload inbox
    """
    wanted = {"codeLocationId": _find(client, name)["id"]}
    loaded = client.mutate(documents.RELOAD, "reloadCodeLocation", input=wanted)["codeLocation"]
    _print(loaded, as_json)
    if loaded["error"] is not None:
        raise OperationFailed(f"The code location {name!r} does not load: {error_text(loaded['error'])}.")


def _find(client: Client, name: str) -> Json:
    found = client.execute(documents.LIST)["codeLocations"]
    for one in found:
        if one["name"] == name:
            return one
    names = ", ".join(one["name"] for one in found) or "none"
    raise OperationFailed(f"There is no code location {name!r}; there are: {names}.")


def _print(one: Json, as_json: bool) -> None:
    if as_json:
        print_json(one)
        return
    version = one["version"] and one["version"][:12]
    error = one["error"]
    print_facts(
        [
            ("Code location", one["name"]),
            ("Project", one["target"]),
            ("Version", version),
            ("Loaded", one["loadedAt"] and local_time(one["loadedAt"])),
            ("Error", error_text(error)),
        ]
    )
    for frame in error["stack"] if error else ():
        print_line(frame.rstrip("\n"))
