"""`vedette asset report` and `vedette asset wipe`."""

import json

import click

from vedette.cli.assets import asset_documents as documents
from vedette.cli.assets.asset_keys import KEY, named
from vedette.cli.assets.asset_lines import event_line
from vedette.cli.client import Client, asks_server, json_option
from vedette.cli.failures import OperationFailed, WrongOptions
from vedette.cli.output import print_json, print_line
from vedette.client.connection import Json


@click.command()
@click.argument("key", type=KEY)
@click.option("--observation", is_flag=True, help="It was looked at, not produced.")
@click.option("--check", metavar="NAME", help="It was checked, by the check of this name: see --passed and --failed.")
@click.option("--passed/--failed", "passed", default=None, help="How the check went.")
@click.option("--warn", is_flag=True, help="Where the check did not pass: it is a warning, no error.")
@click.option("--partition", metavar="KEY", help="The partition that it is about.")
@click.option("--metadata", metavar="JSON", help="What there is to note: an object of values by label.")
@click.option("--description", metavar="TEXT", help="What there is to say, for people.")
@click.option("--data-version", metavar="TEXT", help="Version of the data that was produced.")
@click.option("--idempotency-key", metavar="KEY", help="Makes it safe to repeat: one event a key within 24 hours.")
@json_option
@asks_server
def report(
    client: Client,
    key: list[str],
    observation: bool,
    check: str | None,
    passed: bool | None,
    warn: bool,
    partition: str | None,
    metadata: str | None,
    description: str | None,
    data_version: str | None,
    idempotency_key: str | None,
    as_json: bool,
) -> None:
    """Tell what happened to an asset outside of runs: it was produced, unless you say otherwise.

    Sensors that watch it react to a materialization as to that of a run. No code location need define it.

    \b
    vedette asset report raw/orders --metadata '{"rows": 1200}'
    vedette asset report raw/orders --check not_empty --passed
    """
    if (check is None) is not (passed is None) or (observation and check is not None) or (warn and check is None):
        raise WrongOptions(
            "--check NAME goes with --passed or --failed, --warn with these, --observation with neither."
        )
    wanted = {
        "assetKey": key,
        "kind": "OBSERVATION" if observation else "MATERIALIZATION" if check is None else "CHECK",
        "partitionKey": partition,
        "description": description,
        "metadata": _metadata(metadata),
        "dataVersion": data_version,
        "check": None if check is None else {"name": check, "passed": passed, "severity": "WARN" if warn else "ERROR"},
        "idempotencyKey": idempotency_key,
    }
    event = client.mutate(documents.REPORT, "reportAssetEvent", input=wanted)["event"]
    if as_json:
        print_json(event)
    elif event is not None:
        print_line(*event_line(event))


def _metadata(text: str | None) -> Json:
    if text is None:
        return None
    try:
        found = json.loads(text)
    except ValueError as error:
        raise WrongOptions(f"--metadata is not JSON: {error}.") from None
    if not isinstance(found, dict):
        raise WrongOptions('--metadata is not a JSON object; write it as {"label": value}.')
    return found


@click.command()
@click.argument("keys", type=KEY, nargs=-1, metavar="[KEY...]")
@click.option("--all", "all_of_them", is_flag=True, help="All assets.")
@click.option("--noprompt", "--yes", is_flag=True, help="Do not ask.")
@json_option
@asks_server
def wipe(client: Client, keys: tuple[list[str], ...], all_of_them: bool, noprompt: bool, as_json: bool) -> None:
    """Forget what happened to assets so far: they are as if they had never been materialized.

    What runs and ticks told, and the values that IO managers keep, stay.

    \b
    vedette asset wipe raw/orders --yes
    """
    if bool(keys) == all_of_them:
        raise WrongOptions("Name assets, or say --all: one of the two.")
    wanted = list(keys) or [one["key"] for one in client.pages(documents.KEYS, None)]
    if not wanted:
        raise OperationFailed("There are no assets; nothing was wiped.")
    told = ", ".join(named(key) for key in wanted[:5]) + (" …" if len(wanted) > 5 else "")
    if not noprompt and not click.confirm(f"Forget what happened to {len(wanted)} assets ({told})?", err=True):
        raise OperationFailed("Nothing was wiped.")
    for start in range(0, len(wanted), 1000):
        client.mutate(documents.WIPE, "wipeAssets", input={"assetKeys": wanted[start : start + 1000]})
    if as_json:
        print_json([{"key": key} for key in wanted])
    else:
        for key in wanted:
            print_line("Wiped", named(key))
