"""`vedette sensor cursor`."""

import click

from vedette.cli.client import Client, asks_server, json_option
from vedette.cli.failures import WrongOptions
from vedette.cli.names import find
from vedette.cli.output import cut, local_time, print_facts, print_json, print_table
from vedette.cli.sensors import sensor_documents as documents
from vedette.client.connection import Json


@click.command()
@click.argument("name")
@click.option("--set", "text", metavar="TEXT", help="Change it to this; an empty text is a value.")
@click.option("--delete", "--clear", "clear", is_flag=True, help="Change it to nothing, as before the first tick.")
@click.option("--history", is_flag=True, help="Show its last 100 versions.")
@click.option("--expect", type=int, metavar="VERSION", help="Change it only if this is still its version.")
@json_option
@asks_server
def cursor(
    client: Client, name: str, text: str | None, clear: bool, history: bool, expect: int | None, as_json: bool
) -> None:
    """Show, set or delete a sensor's cursor. Whether the sensor runs stays as it is.

    \b
    vedette sensor cursor inbox
    vedette sensor cursor inbox --set 2026-01-01 --expect 7
    """
    if (text is not None) + clear + history > 1:
        raise WrongOptions("Say one of --set, --delete and --history.")
    if expect is not None and text is None and not clear:
        raise WrongOptions("--expect goes with --set or --delete.")
    if history:
        _show_history(find(client, documents.CURSOR_HISTORY, "sensor", name), as_json)
        return
    if text is not None or clear:
        _set(client, name, text, expect)
    _show(find(client, documents.CURSOR, "sensor", name)["cursor"], as_json)


def _set(client: Client, name: str, text: str | None, expect: int | None) -> None:
    found = find(client, documents.FIND, "sensor", name)
    wanted = {"sensorId": found["id"], "cursor": text, "expectedVersion": expect}
    client.mutate(documents.SET_CURSOR, "setSensorCursor", input=wanted)


def _show(cursor: Json, as_json: bool) -> None:
    if as_json:
        print_json(cursor)
        return
    print_facts(
        (
            ("Value", _readable(cursor["value"])),
            ("Version", str(cursor["version"])),
            ("Changed", local_time(cursor["updatedAt"])),
            ("By", _author(cursor["updatedBy"])),
        )
    )


def _show_history(sensor: Json, as_json: bool) -> None:
    changes = [edge["node"] for edge in sensor["cursorHistory"]["edges"]]
    if as_json:
        print_json(changes)
        return
    rows = [
        (str(change["version"]), local_time(change["at"]), _author(change["by"]), cut(_readable(change["value"]), 60))
        for change in changes
    ]
    print_table(("Version", "At", "By", "Value"), rows, none="The cursor was never set.")


def _readable(value: str | None) -> str:
    """Return a cursor's value so that none and an empty one are told apart."""
    return "(none)" if value is None else value or '""'


def _author(author: Json | None) -> str:
    if author is None:
        return "-"
    return f"tick #{author['number']}" if author["__typename"] == "Tick" else str(author["name"])
