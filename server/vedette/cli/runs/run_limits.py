"""`vedette limit …`: how many runs are executed at once, of all, of a job or with a tag."""

from typing import Any

import click

from vedette.cli.client import Client, asks_server, json_option
from vedette.cli.failures import OperationFailed, WrongOptions
from vedette.cli.lazy import Lazy, LazyGroup
from vedette.cli.names import find
from vedette.cli.output import Cell, local_time, print_json, print_line, print_table
from vedette.cli.runs import queue_documents as documents
from vedette.client.connection import Json

COMMANDS = {
    "set": Lazy("vedette.cli.runs.run_limits:set_limit", "Limit how many runs are executed at once."),
    "list": Lazy("vedette.cli.runs.run_limits:list_limits", "List the limits, and how many runs each has now."),
    "remove": Lazy("vedette.cli.runs.run_limits:remove", "Remove a limit."),
}
# More than anybody reads.
MOST = 10_000

_job = click.option("--job", metavar="NAME", help="Of the runs of this job.")
_tag = click.option("--tag", metavar="KEY[=VALUE]", help="Of the runs with this tag.")
_each = click.option("--each-value", is_flag=True, help="Each value of the tag has as many for itself.")


@click.group("limit", cls=LazyGroup, lazy=COMMANDS)
def limit() -> None:
    """Limit how many runs are executed at once, by all launchers together: of all, of a job or with a tag.

    What is behind a limit waits in the queue, and others pass it; `vedette queue` shows it.
    """


@click.command("set")
@click.argument("most", type=click.IntRange(min=0), metavar="NUMBER")
@_job
@_tag
@_each
@json_option
@asks_server
def set_limit(client: Client, most: int, job: str | None, tag: str | None, each_value: bool, as_json: bool) -> None:
    """Have at most NUMBER runs executed at once; 0 lets none start. What is running goes on.

    \b
    vedette limit set 50
    vedette limit set 1 --job nightly
    vedette limit set 5 --tag database=warehouse
    vedette limit set 2 --tag customer --each-value
    """
    wanted = {"maxConcurrentRuns": most, **_subject(job, tag, each_value)}
    if job is not None:
        wanted["jobId"] = find(client, documents.JOB, "job", job)["id"]
    made = client.mutate(documents.SET, "setRunLimit", input=wanted)["runLimit"]
    if as_json:
        print_json(made)
    else:
        print_line("At most", f"{made['maxConcurrentRuns']} at once:", f"{made['description']}.")


@click.command("list")
@json_option
@asks_server
def list_limits(client: Client, as_json: bool) -> None:
    """List the limits, those that code sets included, and how many runs are executed under each now.

    \b
    vedette limit list
    vedette limit list --json
    """
    found = list(client.pages(documents.LIMITS, MOST))
    if as_json:
        print_json(found)
    else:
        none = "There are no limits but the slots of launchers; `vedette limit set` makes one."
        print_table(("Limit of", "At most", "Running", "Set by", "Since"), [_row(each) for each in found], none=none)


@click.command()
@_job
@_tag
@_each
@json_option
@asks_server
def remove(client: Client, job: str | None, tag: str | None, each_value: bool, as_json: bool) -> None:
    """Remove a limit: that of all runs, or that of a job or a tag.

    \b
    vedette limit remove
    vedette limit remove --job nightly
    vedette limit remove --tag customer --each-value
    """
    wanted: dict[str, Any] = _subject(job, tag, each_value)
    if job is not None:
        wanted["jobId"] = find(client, documents.JOB, "job", job)["id"]
    found = [each for each in client.pages(documents.LIMITS, MOST) if _is_of(each, wanted)]
    if not found:
        raise OperationFailed("There is no such limit; `vedette limit list` lists them.")
    client.mutate(documents.REMOVE, "removeRunLimit", input={"runLimitId": found[0]["id"]})
    in_code = found[0]["maxConcurrentRunsInCode"]
    if as_json:
        print_json(found[0])
    elif in_code is None:
        print_line("Removed the limit of", f"{found[0]['description']}.")
    else:
        print_line(f"At most {in_code} at once, as the code says:", f"{found[0]['description']}.")


def _subject(job: str | None, tag: str | None, each_value: bool) -> dict[str, Any]:
    """Return which runs are meant, as the API wants a tag to be named. Raises WrongOptions."""
    if job is not None and tag is not None:
        raise WrongOptions("A limit is about a job or about a tag: give --job or --tag.")
    if tag is None:
        if each_value:
            raise WrongOptions("Say which tag: --tag KEY --each-value.")
        return {}
    key, equals, value = tag.partition("=")
    if not key or (equals and each_value):
        raise WrongOptions("Write a tag as KEY or KEY=VALUE, and --each-value after KEY alone.")
    return {"tagKey": key, "perTagValue": each_value, **({"tagValue": value} if equals else {})}


def _is_of(limit: Json, wanted: dict[str, Any]) -> bool:
    if "jobId" in wanted:
        return bool(limit["job"]) and limit["job"]["id"] == wanted["jobId"]
    if "tagKey" not in wanted:
        return bool(limit["kind"] == "ALL")
    kind = "TAG_VALUE" if wanted["perTagValue"] else "TAG"
    named = (limit["kind"], limit["tagKey"], limit["tagValue"])
    return named == (kind, wanted["tagKey"], wanted.get("tagValue"))


def _row(limit: Json) -> tuple[Cell, ...]:
    in_code = limit["maxConcurrentRunsInCode"]
    by = limit["setBy"] or "code"
    return (
        limit["description"],
        str(limit["maxConcurrentRuns"]),
        str(limit["runningRuns"]),
        by if limit["setBy"] is None or in_code is None else f"{by} (code: {in_code})",
        local_time(limit["setAt"]) if limit["setAt"] else "",
    )
