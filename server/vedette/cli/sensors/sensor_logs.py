"""`vedette sensor logs`."""

import click

from vedette.cli.client import Client, asks_server, json_option
from vedette.cli.log_lines import print_log
from vedette.cli.names import find
from vedette.cli.output import print_json
from vedette.cli.sensors.sensor_documents import FIND
from vedette.client.connection import Json

LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
MOST_LINES = 100
TICKS = """
query Ticks($id: ID!, $level: LogLevel, $first: Int, $after: String) {
  sensor(by: {id: $id}) {
    ticks(first: $first, after: $after) {
      edges {
        node {
          id number status startedAt
          logs(first: 100, minLevel: $level) {
            edges { node { at level logger message error { type message } } } pageInfo { hasNextPage endCursor }
          }
        }
      }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""
MORE = """
query More($id: ID!, $level: LogLevel, $first: Int, $after: String) {
  tick(id: $id) {
    logs(first: $first, after: $after, minLevel: $level) {
      edges { node { at level logger message error { type message } } } pageInfo { hasNextPage endCursor }
    }
  }
}
"""


@click.command()
@click.argument("name")
@click.option("--level", type=click.Choice(LEVELS, case_sensitive=False), help="Only lines of this level or above.")
@click.option(
    "--ticks", type=click.IntRange(1, 100), default=10, show_default=True, help="Those of how many ticks, the latest."
)
@json_option
@asks_server
def logs(client: Client, name: str, level: str | None, ticks: int, as_json: bool) -> None:
    """Print what a sensor logged and printed in its latest ticks, in order.

    \b
    vedette sensor logs inbox
    vedette sensor logs inbox --level warning --ticks 100 --json
    """
    found = find(client, FIND, "sensor", name)
    latest = list(client.pages(TICKS, ticks, within="ticks", id=found["id"], level=level))
    lines = [
        {"tick": tick["number"], **record} for tick in reversed(latest) for record in _lines(client, tick, level)
    ]  # fmt: skip
    if as_json:
        print_json(lines)
        return
    for line in lines:
        print_log(line, f"#{line['tick']}")
    if not lines:
        of_level = f" of level {level} or above" if level else ""
        had = f"its last {len(latest)} ticks" if latest else "any tick: it has had none yet"
        click.echo(f"The sensor {found['name']} logged nothing{of_level} in {had}.")


def _lines(client: Client, tick: Json, level: str | None) -> list[Json]:
    """Return all lines of a tick: those that came with it, and the pages that follow."""
    first = [edge["node"] for edge in tick["logs"]["edges"]]
    if not tick["logs"]["pageInfo"]["hasNextPage"]:
        return first
    return list(client.pages(MORE, None, within="logs", id=tick["id"], level=level))
