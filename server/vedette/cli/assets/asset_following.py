"""`vedette asset follow`."""

from contextlib import aclosing

import click

from vedette.cli.assets import asset_documents as documents
from vedette.cli.assets.asset_keys import KEY
from vedette.cli.assets.asset_lines import event_line
from vedette.cli.client import Client, asks_server, json_option
from vedette.cli.output import print_json_line, print_line
from vedette.cli.running import run_until_stopped
from vedette.cli.ticks.tick_following import say_lost
from vedette.client.subscription import Subscription


@click.command()
@click.argument("keys", type=KEY, nargs=-1, metavar="[KEY...]")
@click.option("--after", metavar="POSITION", help="Go on after this position; else from now on.")
@json_option
@asks_server
def follow(client: Client, keys: tuple[list[str], ...], after: str | None, as_json: bool) -> None:
    """Follow what happens to assets live, all of them or some, until Ctrl-C.

    A lost connection is made anew, and goes on after the last event that was shown: nothing is missed, nothing shown
    twice. With --json each line holds a position for --after.

    \b
    vedette asset follow
    vedette asset follow raw/orders --json --after 1200
    """
    wanted = {"assetKeys": list(keys)} if keys else {}
    subscription = Subscription(client.url, documents.FOLLOW, "assetEvents", {"filter": wanted}, endless=True)
    # Asked for here, so that nothing is missed where the connection is lost before the first event.
    begin = after or client.execute(documents.POSITION)["instance"]["positions"]["assets"]
    run_until_stopped(_print(subscription, begin, as_json))


async def _print(subscription: Subscription, after: str, as_json: bool) -> None:
    async with aclosing(subscription.items(after, say_lost)) as items:
        async for item in items:
            if as_json:
                print_json_line(item)
            elif item["__typename"] == "StreamGap":
                click.echo(item["message"], err=True)
            else:
                print_line(*event_line(item["event"]))
