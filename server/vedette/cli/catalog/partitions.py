"""`vedette partition …`: the partitions of jobs, and dynamic ones added and deleted by hand."""

from collections.abc import Sequence

import click

from vedette.cli.catalog import partition_documents as documents
from vedette.cli.client import Client, asks_server, json_option
from vedette.cli.failures import OperationFailed, WrongOptions
from vedette.cli.lazy import Lazy, LazyGroup
from vedette.cli.names import find
from vedette.cli.output import Cell, cut, local_time, print_json, print_line, print_table
from vedette.client.connection import Json

COMMANDS = {
    "list": Lazy("vedette.cli.catalog.partitions:list_partitions", "List partitions of a job, or dynamic ones."),
    "add": Lazy("vedette.cli.catalog.partitions:add", "Add keys to dynamic partitions."),
    "delete": Lazy("vedette.cli.catalog.partitions:delete", "Delete keys from dynamic partitions."),
}


@click.group("partition", cls=LazyGroup, lazy=COMMANDS)
def partition() -> None:
    """List partitions, and add and delete dynamic ones. `vedette run launch --partition` launches a run for one."""


@click.command("list")
@click.argument("definition", required=False)
@click.option("--job", metavar="NAME", help="Instead of dynamic partitions: those of a job, whatever they are.")
@click.option("--prefix", metavar="TEXT", help="Only those whose keys begin with this.")
@click.option("--first", type=click.IntRange(min=1), default=25, show_default=True, help="How many.")
@json_option
@asks_server
def list_partitions(
    client: Client, definition: str | None, job: str | None, prefix: str | None, first: int, as_json: bool
) -> None:
    """List the partitions of a job, the keys of dynamic partitions, or without either the names of these.

    \b
    vedette partition list
    vedette partition list images --prefix 2026-
    vedette partition list --job nightly --json
    """
    if definition is not None and job is not None:
        raise WrongOptions("Name dynamic partitions, or a job with --job, not both.")
    if job is not None:
        _list_of_job(client, job, prefix, first, as_json)
    elif definition is not None:
        _list_of_definition(client, definition, prefix, first, as_json)
    else:
        _list_definitions(client, first, as_json)


def _list_definitions(client: Client, first: int, as_json: bool) -> None:
    found = list(client.pages(documents.DEFINITIONS, first))
    rows = [(one["name"], str(one["keyCount"])) for one in found]
    none = "No dynamic partitions; a sensor adds some, or `vedette partition add NAME KEY`."
    _print(found, ("Dynamic partitions", "Keys"), rows, none, as_json)


def _list_of_definition(client: Client, name: str, prefix: str | None, first: int, as_json: bool) -> None:
    if client.execute(documents.FIND_DEFINITION, name=name)["dynamicPartitionsDefinition"] is None:
        raise OperationFailed(
            f"There are no dynamic partitions {name!r}; `vedette partition list` names those that have keys."
        )
    asked = {"within": "partitions", "name": name, "prefix": prefix}
    found = list(client.pages(documents.OF_DEFINITION, first, **asked))
    rows = [(cut(one["key"], 80), local_time(one["addedAt"])) for one in found]
    _print(found, ("Partition", "Added"), rows, f"The dynamic partitions {name!r} have no key{_with(prefix)}.", as_json)


def _list_of_job(client: Client, name: str, prefix: str | None, first: int, as_json: bool) -> None:
    job = find(client, documents.FIND_JOB, "job", name)
    if job["partitionsDefinition"] is None:
        raise OperationFailed(f"The job {job['name']!r} has no partitions; give it partitions_def= in its code.")
    found = list(client.pages(documents.OF_JOB, first, within="partitions", id=job["id"], prefix=prefix))
    rows = [(cut(one["key"], 80), local_time(one["startsAt"]), local_time(one["endsAt"])) for one in found]
    none = f"The job {job['name']!r} has no partition{_with(prefix)}."
    _print(found, ("Partition", "From", "Until"), rows, none, as_json)


def _with(prefix: str | None) -> str:
    return "" if prefix is None else f" that begins with {prefix!r}"


def _print(
    found: list[Json], titles: tuple[str, ...], rows: Sequence[tuple[Cell, ...]], none: str, as_json: bool
) -> None:
    if as_json:
        print_json(found)
    else:
        print_table(titles, rows, none=none)


_definition = click.argument("definition")
_keys = click.argument("keys", nargs=-1, required=True, metavar="KEY...")


@click.command()
@_definition
@_keys
@json_option
@asks_server
def add(client: Client, definition: str, keys: tuple[str, ...], as_json: bool) -> None:
    """Add keys to dynamic partitions; those that are there stay as they are.

    \b
    vedette partition add images 2026-01-01.png 2026-01-02.png
    """
    changes = []
    for key in keys:
        wanted = {"partitionsDefinition": definition, "key": key}
        changes.append(client.mutate(documents.ADD, "addDynamicPartition", input=wanted)["change"])
    _tell(changes, "Added", "was there already", as_json)


@click.command()
@_definition
@_keys
@json_option
@asks_server
def delete(client: Client, definition: str, keys: tuple[str, ...], as_json: bool) -> None:
    """Delete keys from dynamic partitions; runs for them go on.

    \b
    vedette partition delete images 2026-01-01.png
    """
    wanted = {"partitionsDefinition": definition, "keys": list(keys)}
    change = client.mutate(documents.DELETE, "deleteDynamicPartitions", input=wanted)["change"]
    _tell([change], "Deleted", "was not there", as_json)


def _tell(changes: list[Json], done: str, in_vain: str, as_json: bool) -> None:
    if as_json:
        print_json(changes)
        return
    for change in changes:
        for key in change["keys"]:
            print_line(done, key)
        for key in change["skippedKeys"]:
            print_line(f"{key} {in_vain}.")
