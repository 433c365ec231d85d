"""`vedette run-key …`: the keys that hold off further runs, and how to free one."""

import click

from vedette.cli.client import Client, asks_server, json_option
from vedette.cli.failures import WrongOptions
from vedette.cli.ids import short_id
from vedette.cli.lazy import Lazy, LazyGroup
from vedette.cli.names import find
from vedette.cli.output import Cell, coloured, cut, local_time, print_json, print_line, print_table
from vedette.cli.runs import run_key_documents as documents
from vedette.client.connection import Json

COMMANDS = {
    "list": Lazy("vedette.cli.runs.run_keys:list_run_keys", "List the run keys that are held, each with its run."),
    "release": Lazy(
        "vedette.cli.runs.run_keys:release", "Free run keys, so that the next requests with them launch runs."
    ),
}

_sensor = click.argument("name", required=False, metavar="[SENSOR]")
_job = click.option("--job", metavar="NAME", help="Instead of a sensor: keys of runs launched by hand or over the API.")


@click.group("run-key", cls=LazyGroup, lazy=COMMANDS)
def run_key() -> None:
    """List and release run keys. A request with a key that a run holds launches nothing, and shows that run."""


@click.command("list")
@_sensor
@_job
@click.option("--contains", metavar="TEXT", help="Only those with this in them.")
@click.option("--first", type=click.IntRange(min=1), default=25, show_default=True, help="How many.")
@json_option
@asks_server
def list_run_keys(
    client: Client, name: str | None, job: str | None, contains: str | None, first: int, as_json: bool
) -> None:
    """List the run keys that runs hold for a sensor or a job, in the order of the keys.

    \b
    vedette run-key list inbox
    vedette run-key list inbox --contains 2026-01 --json
    vedette run-key list --job nightly
    """
    kind, owner = _owner(client, name, job)
    found = list(client.pages(documents.LISTS[kind], first, within="runKeys", id=owner["id"], contains=contains))
    if as_json:
        print_json(found)
    else:
        titles = ("Run key", "Held", "Since", "Until", "Run", "Status")
        none = f"No run holds a run key of the {kind} {owner['name']}" + (" with that in it." if contains else ".")
        print_table(titles, [_row(key) for key in found], none=none)


@click.command()
@click.argument("words", nargs=-1, required=True, metavar="[SENSOR] KEY...")
@_job
@json_option
@asks_server
def release(client: Client, words: tuple[str, ...], job: str | None, as_json: bool) -> None:
    """Free run keys of a sensor or a job; the runs that held them go on.

    \b
    vedette run-key release inbox 2026-01-01.csv
    vedette run-key release --job nightly 2026-01-01
    """
    sensor, keys = (words[0], words[1:]) if job is None else (None, words)
    if not keys:
        raise WrongOptions("Name the sensor and one key or more: vedette run-key release SENSOR KEY.")
    kind, owner = _owner(client, sensor, job)
    released = []
    for key in keys:
        wanted = {f"{kind}Id": owner["id"], "runKey": key}
        released.append(client.mutate(documents.RELEASE, "releaseRunKey", input=wanted)["runKey"])
        if not as_json:
            print_line("Released", f"{key};", _holder(released[-1]))
    if as_json:
        print_json(released)


def _owner(client: Client, sensor: str | None, job: str | None) -> tuple[str, Json]:
    """Return whose keys are meant: "sensor" or "job", and it."""
    if (sensor is None) == (job is None):
        raise WrongOptions("Name a sensor, or a job with --job.")
    kind, name = ("sensor", sensor) if sensor is not None else ("job", job)
    return kind, find(client, documents.OWNERS[kind], kind, str(name))


def _row(key: Json) -> tuple[Cell, ...]:
    run = key["run"]
    return (
        cut(key["runKey"], 40),
        key["dedup"].lower().replace("_", " "),
        local_time(key["since"]),
        local_time(key["expiresAt"]),
        short_id(run["id"]) if run else "no longer kept",
        coloured(run["status"]) if run else "",
    )


def _holder(key: Json) -> str:
    run = key["run"]
    return f"run {short_id(run['id'])} held it." if run else "its run is no longer kept."
