"""`vedette run logs`."""

from contextlib import aclosing

import click

from vedette.cli.client import Client, asks_server, json_option
from vedette.cli.output import Cell, coloured, local_time, print_json, print_json_line, print_line
from vedette.cli.running import run_until_stopped
from vedette.cli.runs import run_documents as documents
from vedette.cli.runs.runs import run_key, unknown
from vedette.cli.ticks.tick_following import say_lost
from vedette.client.connection import Json
from vedette.client.subscription import Subscription


@click.command()
@click.argument("run_id", metavar="ID")
@click.option("--follow", is_flag=True, help="Go on until the run has ended.")
@json_option
@asks_server
def logs(client: Client, run_id: str, follow: bool, as_json: bool) -> None:
    """Print what happened in a run: its log lines, and how it and its steps went.

    \b
    vedette run logs 019aa9c6-5a3e-7b14-b3a1-6b5f0e9d2c47 --follow
    """
    key = run_key(run_id)
    if client.execute(documents.STATUS, id=key)["run"] is None:
        raise unknown(run_id)
    if follow:
        subscription = Subscription(client.url, documents.FOLLOW, "runEvents", {"id": key}, client.headers)
        run_until_stopped(_follow(subscription, as_json))
        return
    events = list(client.pages(documents.EVENTS, None, within="events", id=key))
    if as_json:
        print_json(events)
        return
    for event in events:
        print_line(*_line(event))


async def _follow(subscription: Subscription, as_json: bool) -> None:
    async with aclosing(subscription.items(None, say_lost)) as items:
        async for item in items:
            if item["__typename"] == "StreamGap":
                click.echo(item["message"], err=True)
            elif as_json:
                print_json_line(item["event"])
            else:
                print_line(*_line(item["event"]))


def _line(event: Json) -> tuple[Cell, ...]:
    """Return the words of an event's line: a log line's level and text, or what happened."""
    data = event["data"] if isinstance(event["data"], dict) else {}
    error = data.get("error") or {}
    what = data.get("level") or event["kind"]
    said = event["message"] or ": ".join(filter(None, (error.get("type"), error.get("message"))))
    return tuple(filter(None, (local_time(event["at"]), coloured(what), event["step"], said)))
