"""`vedette tick …`."""

import click

from vedette.cli.client import Client, asks_server, json_option
from vedette.cli.failures import WrongOptions
from vedette.cli.lazy import Lazy, LazyGroup
from vedette.cli.names import Names, find
from vedette.cli.output import print_json
from vedette.cli.sensors.sensor_documents import FIND
from vedette.cli.ticks.tick_tables import print_ticks

COMMANDS = {
    "list": Lazy("vedette.cli.ticks.ticks:list_ticks", "List ticks, the latest first."),
    "show": Lazy("vedette.cli.ticks.tick_showing:show", "Show a tick: its requests, its log, its error."),
    "follow": Lazy("vedette.cli.ticks.tick_following:follow", "Follow ticks live."),
}
STATUSES = ["STARTED", "SKIPPED", "SUCCESS", "FAILURE"]
LIST = """
query Ticks($filter: TickFilter, $first: Int, $after: String) {
  ticks(filter: $filter, first: $first, after: $after) {
    edges {
      node {
        id number status cause startedAt finishedAt durationSeconds cursorBefore cursorAfter
        skipReason error { type message } requestedCount launchedCount repeats lastRepeatAt
        sensor { id name codeLocation { name } }
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}
"""


@click.group(cls=LazyGroup, lazy=COMMANDS)
def tick() -> None:
    """List, show and follow ticks. A tick is one evaluation of a sensor and what came of it."""


@click.command("list")
@click.argument("name", metavar="[SENSOR]", required=False)
@click.option("--sensor", metavar="NAME", help="The same as SENSOR: only those of this sensor.")
@click.option("--status", multiple=True, type=click.Choice(STATUSES, case_sensitive=False), help="Only these.")
@click.option("--first", type=click.IntRange(min=1), default=25, show_default=True, help="How many.")
@json_option
@asks_server
def list_ticks(
    client: Client, name: str | None, sensor: str | None, status: tuple[str, ...], first: int, as_json: bool
) -> None:
    """List ticks, of one sensor or of all, the latest first. "x12" counts equal quiet skips that followed and are
    folded into the tick.

    \b
    vedette tick list inbox --status failure
    """
    if name is not None and sensor is not None:
        raise WrongOptions("Name the sensor once: as SENSOR, or with --sensor.")
    sensor = name or sensor
    wanted: dict[str, object] = {"status": list(status)} if status else {}
    if sensor is not None:
        wanted["sensorId"] = find(client, FIND, "sensor", sensor)["id"]
    found = list(client.pages(LIST, first, filter=wanted))
    if as_json:
        print_json(found)
        return
    print_ticks(found, Names(client), none="No ticks are like that." if wanted else None)
