"""`vedette asset …`."""

import click

from vedette.cli.assets import asset_documents as documents
from vedette.cli.assets.asset_keys import KEY, named
from vedette.cli.assets.asset_lines import event_cells
from vedette.cli.client import Client, asks_server, json_option
from vedette.cli.failures import OperationFailed
from vedette.cli.ids import short_id
from vedette.cli.lazy import Lazy, LazyGroup
from vedette.cli.output import Cell, cut, local_time, print_facts, print_json, print_table
from vedette.client.connection import Json

COMMANDS = {
    "list": Lazy("vedette.cli.assets.assets:list_assets", "List assets, all or a selection."),
    "show": Lazy("vedette.cli.assets.assets:show", "Show an asset: what it is made of, and how it stands."),
    "events": Lazy("vedette.cli.assets.assets:events", "List what happened to an asset."),
    "follow": Lazy("vedette.cli.assets.asset_following:follow", "Follow what happens to assets, live."),
    "materialize": Lazy("vedette.cli.assets.asset_materializing:materialize", "Launch a run that produces assets."),
    "report": Lazy("vedette.cli.assets.asset_reporting:report", "Tell what happened to an asset outside of runs."),
    "wipe": Lazy("vedette.cli.assets.asset_reporting:wipe", "Forget what happened to assets so far."),
}

select_option = click.option("--select", metavar="TEXT", help="Only those of a selection, such as 'group:raw' or '+a'.")


@click.group(cls=LazyGroup, lazy=COMMANDS)
def asset() -> None:
    """List, show, materialize and wipe assets; tell what happened to them.

    A key is written with slashes between its parts. A selection is: `key:a/b`, `group:g`, `tag:k=v`, `kind:k`,
    `owner:o`, `*`, combined by `and`, `or`, `not` and parentheses; `+x` adds all that x is made of, `x+` all that is
    made of it. A bare key stands for itself, as in `+raw/orders`.
    """


@click.command("list")
@select_option
@click.option("--group", help="Only those of this group.")
@click.option("--location", help="Only those of this code location.")
@click.option("--name", help="Only those with this in their key.")
@json_option
@asks_server
def list_assets(
    client: Client, select: str | None, group: str | None, location: str | None, name: str | None, as_json: bool
) -> None:
    """List assets, by key.

    \b
    vedette asset list
    vedette asset list --select 'group:raw and kind:parquet' --json
    """
    wanted = {"selection": select, "group": group, "codeLocation": location, "keyContains": name}
    given = {key: value for key, value in wanted.items() if value is not None}
    found = list(client.pages(documents.LIST, None, filter=given))
    if as_json:
        print_json(found)
        return
    none = "No asset passes the filter." if given else "No assets yet: decorate functions with @asset."
    print_table(("Asset", "Group", "Materialized", "Run", "Description"), [_row(one) for one in found], none=none)


def _row(asset: Json) -> tuple[Cell, ...]:
    last = asset["latestMaterialization"]
    return (
        cut(named(asset["key"]), 60),
        asset["group"] or "-",
        local_time(last["at"]) if last else "never",
        short_id(last["run"]["id"]) if last and last["run"] else "-",
        cut(asset["description"], 80),
    )


@click.command()
@click.argument("key", type=KEY)
@json_option
@asks_server
def show(client: Client, key: list[str], as_json: bool) -> None:
    """Show an asset.

    \b
    vedette asset show raw/orders
    """
    found = client.execute(documents.SHOW, key=key)["asset"]
    if found is None:
        raise _no_asset(key)
    if as_json:
        print_json(found)
        return
    last = found["latestMaterialization"]
    run = last["run"] if last else None
    print_facts(
        (
            ("Asset", named(found["key"])),
            ("Code location", found["codeLocation"]["name"] if found["codeLocation"] else "none defines it"),
            ("Group", found["group"]),
            ("Description", found["description"]),
            ("Kinds", ", ".join(found["kinds"]) or None),
            ("Owners", ", ".join(found["owners"]) or None),
            ("Tags", " ".join(f"{tag['key']}={tag['value']}" for tag in found["tags"]) or None),
            ("Made of", _keys(found["dependsOn"])),
            ("Dependents", _keys(found["dependents"])),
            ("Jobs", _names(found["jobs"])),
            ("Sensors", _names(found["sensors"])),
            ("Watched by", _names(found["watchedBy"])),
            ("Materialized", local_time(last["at"]) if last else "never"),
            ("Run", f"{short_id(run['id'])} {run['status']}" if run else None),
            ("Partitions", f"{found['materializedPartitionCount']} materialized" if _is_divided(found) else None),
            *(("Check", _check(check)) for check in found["checks"]),
        )
    )


@click.command()
@click.argument("key", type=KEY)
@click.option("--partition", metavar="KEY", help="Only what happened to this partition.")
@click.option("--first", type=click.IntRange(min=1), default=25, show_default=True, help="How many.")
@json_option
@asks_server
def events(client: Client, key: list[str], partition: str | None, first: int, as_json: bool) -> None:
    """List what happened to an asset, the latest first: materializations, observations, results of checks.

    \b
    vedette asset events raw/orders
    vedette asset events raw/orders --partition 2026-01-31 --json
    """
    if client.execute(documents.SHOW, key=key)["asset"] is None:
        raise _no_asset(key)
    found = list(client.pages(documents.EVENTS, first, within="events", key=key, partition=partition))
    if as_json:
        print_json(found)
        return
    none = f"Nothing happened to {named(key)} yet: `vedette asset materialize {named(key)}` launches a run."
    print_table(("At", "What", "Partition", "By", "Noted"), [event_cells(one) for one in found], none=none)


def _no_asset(key: list[str]) -> OperationFailed:
    return OperationFailed(f"There is no asset {named(key)!r}; `vedette asset list` lists them.")


def _is_divided(asset: Json) -> bool:
    return asset["partitionsDefinition"] is not None or asset["materializedPartitionCount"] > 0


def _keys(assets: Json) -> str | None:
    return ", ".join(named(one["key"]) for one in assets) or None


def _names(things: Json) -> str | None:
    return ", ".join(one["name"] for one in things) or None


def _check(check: Json) -> str:
    last = check["latestEvaluation"]
    stands = "never checked" if last is None else "passed" if last["passed"] else f"did not pass ({last['severity']})"
    return f"{check['name']}: {stands}{', blocking' if check['isBlocking'] else ''}"
