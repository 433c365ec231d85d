"""`vedette asset materialize`."""

import click

from vedette.cli.assets import asset_documents as documents
from vedette.cli.assets.asset_keys import KEY, named
from vedette.cli.client import Client, asks_server, json_option
from vedette.cli.failures import OperationFailed, WrongOptions
from vedette.cli.ids import short_id
from vedette.cli.output import coloured, print_json, print_line
from vedette.cli.pairs import TAG, pairs
from vedette.cli.runs import run_documents
from vedette.cli.runs.run_launching import parsed_config, when_ended
from vedette.client.connection import Json

RANGE = "..."
RANGE_TAGS = ("vedette/asset_partition_range_start", "vedette/asset_partition_range_end")


@click.command()
@click.argument("keys", type=KEY, nargs=-1, metavar="[KEY...]")
@click.option("--select", metavar="TEXT", help="Those of a selection, such as 'group:raw' or '+report'.")
@click.option("--location", help="Those of this code location.")
@click.option("--partition", metavar="KEY", help="The partition to produce.")
@click.option("--partition-range", metavar="FROM...TO", help="The partitions to produce, in one run.")
@click.option("--config", "--config-json", metavar="JSON", help="The run's config, as JSON; @file.json reads it.")
@click.option("--tag", multiple=True, type=TAG, help="A tag of the run.")
@click.option("--wait", is_flag=True, help="Wait until it has ended; the exit code is 0 only if it succeeded.")
@json_option
@asks_server
def materialize(
    client: Client,
    keys: tuple[list[str], ...],
    select: str | None,
    location: str | None,
    partition: str | None,
    partition_range: str | None,
    config: str | None,
    tag: tuple[tuple[str, str], ...],
    wait: bool,
    as_json: bool,
) -> None:
    """Launch a run that produces assets, named by key or by a selection. All are of one code location.

    \b
    vedette asset materialize raw/orders report
    vedette asset materialize --select 'group:daily' --partition 2026-01-31 --wait
    """
    if bool(keys) == bool(select):
        raise WrongOptions("Name assets, or say which with --select: one of the two.")
    wanted = {
        "assetSelection": list(keys) or _selected(client, str(select), location),
        "partitionKey": partition,
        "runConfig": None if config is None else parsed_config(config),
        "tags": [*pairs(tag), *_range(partition_range, partition)],
    }
    run = client.mutate(run_documents.LAUNCH, "launchRun", input=wanted)["run"]
    if wait:
        run = when_ended(client, run)
    if as_json:
        print_json(run)
    else:
        print_line(short_id(run["id"]), coloured(run["status"]))
    if wait and run["status"] != "SUCCESS":
        raise OperationFailed(f"The run is {run['status']}; `vedette run show {short_id(run['id'])}` tells more.")


def _selected(client: Client, selection: str, location: str | None) -> list[list[str]]:
    wanted = {"selection": selection, "isExecutable": True, "codeLocation": location}
    found = list(client.pages(documents.KEYS, None, filter=wanted))
    if not found:
        raise OperationFailed(f"The selection {selection!r} holds no asset that can be produced.")
    locations = sorted({one["codeLocation"]["name"] for one in found})
    if len(locations) > 1:
        first = next(named(one["key"]) for one in found if one["codeLocation"]["name"] == locations[0])
        raise OperationFailed(
            f"The selection holds assets of several code locations ({', '.join(locations)}; {first} is of the first);"
            " choose one with --location."
        )
    return [one["key"] for one in found]


def _range(given: str | None, partition: str | None) -> list[Json]:
    if given is None:
        return []
    start, dots, end = given.partition(RANGE)
    if partition is not None or not start or not end or not dots:
        raise WrongOptions("--partition-range is written FROM...TO, and goes without --partition.")
    return pairs(list(zip(RANGE_TAGS, (start, end), strict=True)))
