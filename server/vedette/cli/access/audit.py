"""`vedette audit`: the audit log, listed or followed."""

from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any

import click
import msgspec

from vedette.cli.client import Client, asks_server, json_option
from vedette.cli.output import Cell, cut, local_time, print_json, print_json_line, print_line, print_table
from vedette.cli.running import run_until_stopped
from vedette.cli.ticks.tick_following import say_lost
from vedette.client.connection import Json
from vedette.client.subscription import Subscription

_ENTRY = """
fragment Entry on AuditEntry {
  position at actor address mutation result subjectId codeLocation input before after
}
"""
LIST = (
    _ENTRY
    + """
query AuditLog($filter: AuditFilter, $first: Int, $after: String) {
  auditLog(filter: $filter, first: $first, after: $after) {
    edges { node { ...Entry } } pageInfo { hasNextPage endCursor }
  }
}
"""
)
FOLLOW = (
    _ENTRY
    + """
subscription FollowAuditLog($filter: AuditFilter, $after: StreamPosition) {
  auditLog(filter: $filter, after: $after) {
    __typename
    ... on AuditEntryAdded { position entry { ...Entry } }
    ... on StreamGap { position message }
  }
}
"""
)
POSITION = "query AuditPosition { instance { positions { audit } } }"
TITLES = ("When", "Who", "From", "What", "Result", "About")


@click.command()
@click.option("--actor", metavar="NAME", help="Only of this token or person.")
@click.option("--mutation", metavar="NAME", help="Only this mutation, as setSensorCursor.")
@click.option("--result", metavar="RESULT", help="Only with this result, as DONE or FORBIDDEN.")
@click.option("--code-location", metavar="NAME", help="Only about this code location.")
@click.option("--since", type=click.DateTime(), help="Only from then on, in UTC.")
@click.option("--first", type=click.IntRange(min=1), default=25, show_default=True, help="How many, the newest first.")
@click.option("--follow", "is_following", is_flag=True, help="Each as it is written from now on, until Ctrl-C.")
@json_option
@asks_server
def audit(client: Client, first: int, is_following: bool, as_json: bool, since: datetime | None, **of: Any) -> None:
    """List or follow the audit log: who tried which mutation, from where, and what came of it. Needs the role admin.

    \b
    vedette audit --mutation setSensorCursor --first 5
    vedette audit --follow --result FORBIDDEN
    """
    wanted = {_camel(name): value for name, value in of.items() if value is not None}
    if since is not None:
        wanted["since"] = since.replace(tzinfo=UTC).isoformat()
    if is_following:
        after = client.execute(POSITION)["instance"]["positions"]["audit"]
        subscription = Subscription(client.url, FOLLOW, "auditLog", {"filter": wanted}, client.headers, endless=True)
        run_until_stopped(_follow(subscription, after, as_json))
        return
    found = list(client.pages(LIST, first, filter=wanted))
    if as_json:
        print_json(found)
    else:
        print_table(TITLES, [_row(entry) for entry in found], none="Nobody has tried that.")


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


async def _follow(subscription: Subscription, after: str, as_json: bool) -> None:
    async with aclosing(subscription.items(after, say_lost)) as items:
        async for item in items:
            if as_json:
                print_json_line(item)
            elif item["__typename"] == "StreamGap":
                click.echo(item["message"], err=True)
            else:
                print_line(*_row(item["entry"]))


def _row(entry: Json) -> tuple[Cell, ...]:
    return (
        local_time(entry["at"]),
        cut(entry["actor"], 40),
        entry["address"],
        entry["mutation"],
        entry["result"],
        _about(entry),
    )


def _about(entry: Json) -> str:
    """Return what the mutation was about, and what it changed there."""
    before, after = entry["before"] or {}, entry["after"] or {}
    name = after.get("name") or before.get("name") or after.get("jobName") or before.get("jobName") or ""
    changed = [
        f"{key}: {_text(before[key])} → {_text(after[key])}"
        for key in after
        if key in before and before[key] != after[key]
    ]
    return " ".join(filter(None, [name, ", ".join(changed)])) or cut(_text(entry["input"]), 80)


def _text(value: Json) -> str:
    return cut(value if isinstance(value, str) else msgspec.json.encode(value).decode(), 40)
