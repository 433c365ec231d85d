"""`vedette sensor preview`."""

from datetime import UTC, datetime
from typing import Any

import click

from vedette.cli.client import Client, asks_server, json_option
from vedette.cli.failures import OperationFailed, WrongOptions
from vedette.cli.ids import global_id
from vedette.cli.names import find
from vedette.cli.output import (
    coloured,
    duration,
    error_text,
    local_time,
    print_facts,
    print_json,
    print_line,
    shortened,
)
from vedette.cli.sensors import sensor_documents as documents
from vedette.cli.sensors.request_lines import print_requests
from vedette.client.connection import Json


@click.command()
@click.argument("name")
@click.option("--cursor", metavar="TEXT", help="Evaluate from this cursor; else from the sensor's own.")
@click.option("--no-cursor", is_flag=True, help="Evaluate as if it had no cursor yet.")
@click.option(
    "--since", metavar="TIME", help="As if the last tick had ended then: seconds since 1970, or 2026-01-31T12:00."
)
@click.option("--run", "run_id", metavar="RUN", help="Try a sensor that watches runs with this one.")
@json_option
@asks_server
def preview(
    client: Client,
    name: str,
    cursor: str | None,
    no_cursor: bool,
    since: str | None,
    run_id: str | None,
    as_json: bool,
) -> None:
    """Try a sensor: its function runs, nothing is recorded or launched and the cursor stays.

    Prints what it logged and each run that it would ask for. Exit code 1 if it raised.

    \b
    vedette sensor preview inbox
    vedette sensor preview inbox --cursor 2026-01-01 --json
    """
    if cursor is not None and no_cursor:
        raise WrongOptions("Say one of --cursor and --no-cursor.")
    finished = None if since is None else moment(since)
    wanted: dict[str, Any] = {"sensorId": find(client, documents.FIND, "sensor", name)["id"]}
    if cursor is not None:
        wanted["cursor"] = cursor
    if no_cursor:
        wanted["useCurrentCursor"] = False
    if run_id is not None:
        wanted["runId"] = global_id("Run", run_id)
    if finished is not None:
        wanted["lastTickFinishedAt"] = finished
    evaluation = client.mutate(documents.PREVIEW, "evaluateSensor", input=wanted)["evaluation"]
    if as_json:
        print_json(evaluation)
    else:
        _show(evaluation)
    if evaluation["error"]:
        raise OperationFailed(error_text(evaluation["error"]) or "")


def moment(text: str) -> str:
    """Return seconds since the epoch, or a time of this machine's zone unless it names one, in RFC 3339."""
    try:
        return datetime.fromtimestamp(float(text), UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        pass
    try:
        return datetime.fromisoformat(text).astimezone().isoformat()
    except (ValueError, OverflowError):
        message = f"--since {text} is no time; write 1767225600 (seconds since 1970) or 2026-01-01T00:00:00Z."
        raise WrongOptions(message) from None


def _show(evaluation: Json) -> None:
    for record in evaluation["logs"]:
        print_line(local_time(record["at"]), coloured(record["level"]), record["message"])
    print_requests(evaluation["runRequests"])
    for change in evaluation["partitionChanges"]:
        print_line(change["kind"], change["partitionsDefinition"], " ".join(change["keys"]))
    if evaluation["error"]:
        print_line("".join(evaluation["error"]["stack"]).rstrip())
    skipped = not evaluation["runRequests"] and not evaluation["error"]
    print_facts(
        (
            ("Skipped", (evaluation["skipReason"] or "without a reason") if skipped else None),
            ("Cursor before", _cursor(evaluation["cursorBefore"])),
            ("Cursor after", _cursor(evaluation["cursorAfter"])),
            ("Took", duration(evaluation["durationSeconds"])),
        )
    )


def _cursor(value: str | None) -> str:
    """Return a cursor so that none and an empty one are told apart."""
    return "(none)" if value is None else shortened(value) or '""'
