"""`vedette sensor evaluate`."""

import json

import click

from vedette.cli import sensor_documents as documents
from vedette.cli.client import Client, asks_server, json_option
from vedette.cli.failures import OperationFailed
from vedette.cli.names import find
from vedette.cli.output import (
    coloured,
    cut,
    duration,
    error_text,
    local_time,
    print_facts,
    print_json,
    print_line,
    print_table,
    shortened,
)
from vedette.client.connection import Json


@click.command()
@click.argument("name")
@click.option("--cursor", metavar="TEXT", help="Evaluate from this cursor; else from the sensor's own.")
@json_option
@asks_server
def evaluate(client: Client, name: str, cursor: str | None, as_json: bool) -> None:
    """Try a sensor: its function runs, nothing is recorded or launched and the cursor stays.

    \b
    vedette sensor evaluate inbox
    vedette sensor evaluate inbox --cursor 2026-01-01
    """
    found = find(client, documents.FIND, "sensor", name)
    wanted = {"sensorId": found["id"]} if cursor is None else {"sensorId": found["id"], "cursor": cursor}
    evaluation = client.mutate(documents.EVALUATE, "evaluateSensor", input=wanted)["evaluation"]
    if as_json:
        print_json(evaluation)
    else:
        _show(evaluation)
    if evaluation["error"]:
        raise OperationFailed(error_text(evaluation["error"]) or "")


def _show(evaluation: Json) -> None:
    for record in evaluation["logs"]:
        print_line(local_time(record["at"]), coloured(record["level"]), record["message"])
    if evaluation["runRequests"]:
        rows = [
            (request["jobName"] or "-", coloured(request["outcome"]), cut(request["runKey"], 30), _config(request))
            for request in evaluation["runRequests"]
        ]
        print_table(("Job", "Outcome", "Run key", "Config"), rows)
    if evaluation["error"]:
        print_line("".join(evaluation["error"]["stack"]).rstrip())
    skipped = not evaluation["runRequests"] and not evaluation["error"]
    print_facts(
        (
            ("Skipped", (evaluation["skipReason"] or "without a reason") if skipped else None),
            ("Cursor before", shortened(evaluation["cursorBefore"])),
            ("Cursor after", shortened(evaluation["cursorAfter"])),
            ("Took", duration(evaluation["durationSeconds"])),
        )
    )


def _config(request: Json) -> str:
    return json.dumps(request["runConfig"], ensure_ascii=False) if request["runConfig"] else "-"
