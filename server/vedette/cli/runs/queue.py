"""`vedette queue`: the runs that wait, in their order, and why each does."""

from datetime import UTC, datetime

import click

from vedette.cli.client import Client, asks_server, json_option
from vedette.cli.ids import short_id
from vedette.cli.names import Names
from vedette.cli.output import Cell, between, cut, duration, print_json, print_table
from vedette.cli.runs import queue_documents as documents
from vedette.client.connection import Json


@click.command()
@click.option("--first", type=click.IntRange(min=1), default=25, show_default=True, help="How many.")
@json_option
@asks_server
def queue(client: Client, first: int, as_json: bool) -> None:
    """List the runs that wait, the next one first, and what each waits for; `vedette run show` says more.

    A priority other than 0 stands behind the place.

    \b
    vedette queue
    vedette queue --first 100 --json
    """
    found = list(client.pages(documents.QUEUE, first))
    if as_json:
        print_json(found)
    else:
        names = Names(client)
        titles = ("Place", "Run", "Waits", "For", "Job")
        print_table(titles, [_row(run, names) for run in found], none="No run waits.")


def _reason(reason: Json) -> str | None:
    """Return what a run waits for, in a word; `vedette run show` has the sentence."""
    match reason["__typename"]:
        case "NoLauncher":
            return f"a launcher of {reason['codeLocationName']}"
        case "SlotsTaken":
            return "a free slot"
        case "LimitReached":
            limit = reason["runLimit"]
            value = f" ({reason['tagValue']})" if reason["tagValue"] is not None else ""
            return f"the limit of {limit['maxConcurrentRuns']} {limit['description']}{value}"
    return None


def _row(run: Json, names: Names) -> tuple[Cell, ...]:
    job = names.of(run["job"]) if run["job"] else run["jobName"]
    waited = duration(between(run["queuedAt"], datetime.now(UTC).isoformat()))
    reasons = ", ".join(filter(None, map(_reason, run["waitingFor"] or ())))
    # It may have started since the list was read.
    place = "" if run["queuePosition"] is None else str(run["queuePosition"])
    if run["priority"]:
        place += f" ({run['priority']})"
    return place, short_id(run["id"]), waited, reasons or "about to start", cut(job, 40)
