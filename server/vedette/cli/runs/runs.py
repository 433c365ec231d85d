"""`vedette run …`: list, show and cancel; logs and launches are beside it."""

import json
from datetime import UTC, datetime

import click

from vedette.cli.client import Client, asks_server, json_option
from vedette.cli.failures import OperationFailed
from vedette.cli.ids import global_id, short_id
from vedette.cli.lazy import Lazy, LazyGroup
from vedette.cli.names import Names, find
from vedette.cli.output import (
    Cell,
    between,
    coloured,
    cut,
    duration,
    error_text,
    local_time,
    print_facts,
    print_json,
    print_line,
    print_table,
)
from vedette.cli.pairs import TAG, pairs
from vedette.cli.runs import run_documents as documents
from vedette.cli.sensors.sensor_documents import FIND
from vedette.client.connection import Json

COMMANDS = {
    "list": Lazy("vedette.cli.runs.runs:list_runs", "List runs, the latest first."),
    "show": Lazy("vedette.cli.runs.runs:show", "Show a run and its steps."),
    "logs": Lazy("vedette.cli.runs.run_logs:logs", "Print what happened in a run, or follow it."),
    "launch": Lazy("vedette.cli.runs.run_launching:launch", "Launch a run of a job."),
    "cancel": Lazy("vedette.cli.runs.runs:cancel", "Cancel a run."),
}
STATUSES = ["QUEUED", "STARTING", "STARTED", "SUCCESS", "FAILURE", "CANCELING", "CANCELED"]


@click.group(cls=LazyGroup, lazy=COMMANDS)
def run() -> None:
    """List, show, launch and cancel runs. A run is named by its ID, as `vedette run list` shows it."""


@click.command("list")
@click.option("--status", multiple=True, type=click.Choice(STATUSES, case_sensitive=False), help="Only these.")
@click.option("--job", help="Only those of jobs of this name.")
@click.option("--sensor", metavar="NAME", help="Only those that this sensor asked for.")
@click.option("--run-key", metavar="KEY", help="Only those with this run key.")
@click.option("--tag", multiple=True, type=TAG, help="Only those with this tag; all of them, if several.")
@click.option("--first", type=click.IntRange(min=1), default=25, show_default=True, help="How many.")
@json_option
@asks_server
def list_runs(
    client: Client,
    status: tuple[str, ...],
    job: str | None,
    sensor: str | None,
    run_key: str | None,
    tag: tuple[tuple[str, str], ...],
    first: int,
    as_json: bool,
) -> None:
    """List runs, the latest first.

    \b
    vedette run list --status failure --job process_file
    vedette run list --tag team=data --json
    """
    sensor_id = None if sensor is None else find(client, FIND, "sensor", sensor)["id"]
    wanted = {"status": list(status), "jobName": job, "sensorId": sensor_id, "runKey": run_key, "tag": pairs(tag)}
    given = {name: value for name, value in wanted.items() if value}
    found = list(client.pages(documents.LIST, first, filter=given))
    if as_json:
        print_json(found)
    else:
        titles = ("Run", "Status", "Queued", "Took", "Job")
        names = Names(client)
        print_table(
            titles,
            [_row(run, names) for run in found],
            none="No runs are like that."
            if given
            else "No runs yet: running sensors ask for theirs, and `vedette run launch JOB` makes one.",
        )


@click.command()
@click.argument("run_id", metavar="ID")
@json_option
@asks_server
def show(client: Client, run_id: str, as_json: bool) -> None:
    """Show a run, its steps and why it failed.

    \b
    vedette run show 019aa9c6-5a3e-7b14-b3a1-6b5f0e9d2c47
    """
    found = client.execute(documents.SHOW, id=run_key(run_id))["run"]
    if found is None:
        raise unknown(run_id)
    if as_json:
        print_json(found)
    else:
        _show(found)


@click.command()
@click.argument("run_id", metavar="ID")
@click.option("--force", is_flag=True, help="Kill its process at once, without a chance to tidy up.")
@json_option
@asks_server
def cancel(client: Client, run_id: str, force: bool, as_json: bool) -> None:
    """Cancel a run: its process is asked to end, and killed if it does not.

    \b
    vedette run cancel 019aa9c6-5a3e-7b14-b3a1-6b5f0e9d2c47
    """
    wanted = {"runId": run_key(run_id), "force": force}
    found = client.mutate(documents.CANCEL, "cancelRun", input=wanted)["run"]
    if as_json:
        print_json(found)
    else:
        print_line(short_id(found["id"]), coloured(found["status"]))


def run_key(run_id: str) -> str:
    """Return the API's id of the run that a person names. Raises OperationFailed for what is no id of a run."""
    key = global_id("Run", run_id)
    if short_id(key) == key:
        raise unknown(run_id)
    return key


def unknown(run_id: str) -> OperationFailed:
    """Return the error for a run that does not exist."""
    return OperationFailed(f"There is no run {run_id}; `vedette run list` lists them.")


def _took(run: Json) -> str:
    """Return how long user code ran, or has been running."""
    return duration(between(run["startedAt"], run["finishedAt"] or datetime.now(UTC).isoformat()))


def _waits(run: Json) -> str | None:
    """Return what holds a run up in the queue; None where it is not in it."""
    if run["waitingFor"] is None:
        return None
    return " ".join(reason["message"] for reason in run["waitingFor"]) or "nothing: it is about to start"


def _row(run: Json, names: Names) -> tuple[Cell, ...]:
    queued = local_time(run["queuedAt"])
    job = names.of(run["job"]) if run["job"] else run["jobName"]
    return short_id(run["id"]), coloured(run["status"]), queued, _took(run), cut(job, 64)


def _show(run: Json) -> None:
    error = run["error"]
    print_facts(
        (
            ("Run", short_id(run["id"])),
            ("Job", run["jobName"]),
            ("Code location", run["job"]["codeLocation"]["name"] if run["job"] else None),
            ("Status", coloured(run["status"])),
            (
                "Sensor",
                f"{run['sensor']['name']}, tick #{run['tick']['number']}" if run["sensor"] and run["tick"] else None,
            ),
            ("Run key", run["runKey"]),
            ("Tags", " ".join(f"{tag['key']}={tag['value']}" for tag in run["tags"]) or None),
            ("Config", json.dumps(run["runConfig"], ensure_ascii=False) if run["runConfig"] else None),
            ("Queued", local_time(run["queuedAt"])),
            ("Place", None if run["queuePosition"] is None else f"{run['queuePosition']} in the queue"),
            ("Waits for", _waits(run)),
            ("Started", local_time(run["startedAt"])),
            ("Took", _took(run)),
            ("Attempt", str(run["attempt"]) if run["attempt"] > 1 else None),
            ("Error", error_text(error)),
        )
    )
    if run["steps"]:
        print_line()
        print_table(("Step", "Status", "Took", "Error"), [_step(step) for step in run["steps"]])
    if error and error["stack"]:
        print_line()
        print_line("".join(error["stack"]).rstrip())


def _step(step: Json) -> tuple[Cell, ...]:
    message = step["error"]["message"] if step["error"] else None
    took = duration(between(step["startedAt"], step["finishedAt"]))
    return cut(step["name"], 30), coloured(step["status"]), took, cut(message, 60) if message else ""
