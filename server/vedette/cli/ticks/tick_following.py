"""`vedette tick follow`."""

from contextlib import aclosing

import click

from vedette.cli.client import Client, asks_server, json_option
from vedette.cli.names import Names, find
from vedette.cli.output import print_json_line, print_line
from vedette.cli.running import run_until_stopped
from vedette.cli.sensors.sensor_documents import FIND
from vedette.cli.ticks.tick_lines import tick_line
from vedette.client.subscription import Subscription

FOLLOW = """
subscription Ticks($filter: TickFilter, $after: StreamPosition) {
  ticks(filter: $filter, after: $after) {
    __typename
    ... on TickChanged {
      position
      tick {
        id number status cause startedAt finishedAt durationSeconds skipReason error { type message }
        requestedCount launchedCount
        sensor { id name codeLocation { name } }
      }
    }
    ... on StreamGap { position message }
  }
}
"""


POSITION = "query Position { instance { positions { ticks } } }"


@click.command()
@click.option("--sensor", metavar="NAME", help="Only those of this sensor.")
@click.option("--after", metavar="POSITION", help="Go on after this position; else from now on.")
@json_option
@asks_server
def follow(client: Client, sensor: str | None, after: str | None, as_json: bool) -> None:
    """Follow ticks live, each as it starts and as it ends, until Ctrl-C.

    A lost connection is made anew, and goes on after the last tick that was shown: nothing is missed, nothing shown
    twice. With --json each line holds a position for --after.

    \b
    vedette tick follow --sensor inbox
    vedette tick follow --json --after 1200
    """
    wanted = {} if sensor is None else {"sensorId": find(client, FIND, "sensor", sensor)["id"]}
    subscription = Subscription(client.url, FOLLOW, "ticks", {"filter": wanted}, client.headers, endless=True)
    # Asked for here, so that nothing is missed where the connection is lost before the first tick.
    begin = after or client.execute(POSITION)["instance"]["positions"]["ticks"]
    run_until_stopped(_print(subscription, begin, None if as_json else Names(client)))


async def _print(subscription: Subscription, after: str, names: Names | None) -> None:
    """Print lines with the sensors' names, or JSON where there are none."""
    async with aclosing(subscription.items(after, say_lost)) as items:
        async for item in items:
            if names is None:
                print_json_line(item)
            elif item["__typename"] == "StreamGap":
                click.echo(item["message"], err=True)
            else:
                print_line(*tick_line(item["tick"], names.of(item["tick"]["sensor"])))


def say_lost(reason: str) -> None:
    """Say that there is no connection just now."""
    click.echo(f"Connection lost ({reason}); connecting anew …", err=True)
