"""`vedette settings`."""

import os
from pathlib import Path
from typing import Any

import click
from pydantic import SecretStr

from vedette.cli.output import print_json, print_table
from vedette.settings import Settings, load, redacted


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def settings(as_json: bool) -> None:
    """List every setting, its value and where it came from.

    Each is set by a variable, as in VEDETTE_PORT=4500, and many by an option of the same name.
    """
    _, origins = load({}, os.environ)
    rows = [
        {
            "name": origin.name,
            "value": _shown(origin.name, origin.value),
            "source": origin.source,
            "description": Settings.model_fields[origin.name].description,
        }
        for origin in origins
    ]
    if as_json:
        print_json(rows)
        return
    # The variable or option says enough in a table: "environment VEDETTE_PORT" would leave no room for the rest.
    cells = [(row["name"], str(row["value"]), row["source"].rpartition(" ")[2], row["description"]) for row in rows]
    print_table(("Setting", "Value", "From", "What it is"), cells, fold=True)


def _shown(name: str, value: Any) -> Any:
    """Return a value as it may be shown to anyone: no password, and paths as text."""
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, SecretStr):
        return "set, and not shown"
    return redacted(value) if name == "database_url" and value is not None else value
