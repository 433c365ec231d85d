"""`vedette tick show`."""

import click

from vedette.cli.client import Client, asks_server, json_option
from vedette.cli.failures import OperationFailed
from vedette.cli.ids import global_id, short_id
from vedette.cli.log_lines import print_log
from vedette.cli.names import find, full_name
from vedette.cli.output import (
    coloured,
    duration,
    error_text,
    local_time,
    print_facts,
    print_json,
    print_line,
    shortened,
)
from vedette.cli.sensors.request_lines import REQUEST, print_requests
from vedette.client.connection import Json

_TICK = (
    REQUEST
    + """
fragment Tick on Tick {
  id number status cause startedAt finishedAt durationSeconds cursorBefore cursorAfter skipReason requestedCount
  launchedCount repeats lastRepeatAt traceId
  error { type message stack cause { type message cause { type message } } }
  sensor { id name codeLocation { name } }
  runRequests(first: 100) { edges { node { ...Request } } }
  logs(first: 100) { edges { node { at level logger message } } }
}
"""
)
SHOW = _TICK + "query Tick($id: ID!) { tick(id: $id) { ...Tick } }"
NUMBERS = """
query Numbers($id: ID!, $first: Int, $after: String) {
  sensor(by: {id: $id}) {
    ticks(first: $first, after: $after) { edges { node { id number } } pageInfo { hasNextPage endCursor } }
  }
}
"""
FIND = "query Sensor($by: SensorBy!) { sensor(by: $by) { id name } }"


@click.command()
@click.argument("sensor", metavar="SENSOR|ID")
@click.argument("number", type=click.IntRange(min=1), required=False)
@json_option
@asks_server
def show(client: Client, sensor: str, number: int | None, as_json: bool) -> None:
    """Show a tick: what it asked for and what became of each request, its log and its error.

    Without a NUMBER the latest tick of the sensor; or name any tick by its ID.

    \b
    vedette tick show inbox
    vedette tick show inbox 42
    """
    tick = client.execute(SHOW, id=_id(client, sensor, number))["tick"]
    if tick is None:
        raise OperationFailed(f"There is no tick {sensor}; `vedette tick list` lists them, with --json their ids.")
    tick["runRequests"] = [edge["node"] for edge in tick["runRequests"]["edges"]]
    tick["logs"] = [edge["node"] for edge in tick["logs"]["edges"]]
    if as_json:
        print_json(tick)
    else:
        _show(tick)


def _id(client: Client, sensor: str, number: int | None) -> str:
    key = global_id("Tick", sensor)
    if number is None and short_id(key) != key:
        return key
    found = find(client, FIND, "sensor", sensor)
    for tick in client.pages(NUMBERS, None, within="ticks", id=found["id"]):
        if number is None or tick["number"] == number:
            return str(tick["id"])
        if tick["number"] < number:
            break
    if number is None:
        raise OperationFailed(f"The sensor {found['name']} has had no tick yet; `vedette sensor tick` makes one.")
    raise OperationFailed(
        f"The sensor {found['name']} has no tick #{number} (any more); `vedette tick list` lists them."
    )


def _show(tick: Json) -> None:
    repeats = f"{tick['repeats']} just like it, the last at {local_time(tick['lastRepeatAt'])}"
    print_facts(
        (
            ("Tick", f"{full_name(tick['sensor'])} #{tick['number']}"),
            ("Status", coloured(tick["status"])),
            ("Cause", tick["cause"].lower()),
            ("Started", local_time(tick["startedAt"])),
            ("Took", duration(tick["durationSeconds"])),
            ("Followed by", repeats if tick["repeats"] else None),
            ("Skipped", tick["skipReason"]),
            ("Error", error_text(tick["error"])),
            ("Cursor before", shortened(tick["cursorBefore"])),
            ("Cursor after", shortened(tick["cursorAfter"])),
            ("Trace", tick["traceId"]),
        )
    )
    print_requests(tick["runRequests"])
    if tick["requestedCount"] > len(tick["runRequests"]):
        print_line(f"… and {tick['requestedCount'] - len(tick['runRequests'])} more, which the API pages through.")
    for record in tick["logs"]:
        print_log(record)
    if tick["error"] and tick["error"]["stack"]:
        print_line("".join(tick["error"]["stack"]).rstrip())
