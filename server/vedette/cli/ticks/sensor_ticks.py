"""`vedette sensor ticks`."""

import click

from vedette.cli.client import Client, asks_server, json_option
from vedette.cli.names import Names, find
from vedette.cli.output import print_json
from vedette.cli.sensors.sensor_documents import FIND
from vedette.cli.ticks.tick_tables import print_ticks
from vedette.cli.ticks.ticks import LIST, STATUSES


@click.command()
@click.argument("name")
@click.option("--status", multiple=True, type=click.Choice(STATUSES, case_sensitive=False), help="Only these.")
@click.option("--first", type=click.IntRange(min=1), default=25, show_default=True, help="How many.")
@json_option
@asks_server
def ticks(client: Client, name: str, status: tuple[str, ...], first: int, as_json: bool) -> None:
    """List a sensor's ticks, the latest first; `vedette tick list` lists those of all sensors.

    \b
    vedette sensor ticks inbox --status failure
    """
    wanted: dict[str, object] = {"sensorId": find(client, FIND, "sensor", name)["id"]}
    if status:
        wanted["status"] = list(status)
    found = list(client.pages(LIST, first, filter=wanted))
    if as_json:
        print_json(found)
    else:
        print_ticks(found, Names(client), none=f"The sensor {name} has had no such tick." if status else None)
