"""`vedette job …`."""

import json

import click

from vedette.cli.catalog import job_documents as documents
from vedette.cli.client import Client, asks_server, json_option
from vedette.cli.ids import short_id
from vedette.cli.lazy import Lazy, LazyGroup
from vedette.cli.names import Names, find
from vedette.cli.output import cut, print_facts, print_json, print_table

COMMANDS = {
    "list": Lazy("vedette.cli.catalog.jobs:list_jobs", "List jobs."),
    "show": Lazy("vedette.cli.catalog.jobs:show", "Show a job: its ops, its config and its sensors."),
    "launch": Lazy("vedette.cli.runs.run_launching:launch", "Launch a run of a job; `vedette run launch` is the same."),
}


@click.group(cls=LazyGroup, lazy=COMMANDS)
def job() -> None:
    """List, show and launch jobs."""


@click.command("list")
@click.option("--location", help="Only those of this code location.")
@click.option("--name", help="Only those with this in their name.")
@json_option
@asks_server
def list_jobs(client: Client, location: str | None, name: str | None, as_json: bool) -> None:
    """List jobs, by name.

    \b
    vedette job list
    vedette job list --location inbox --json
    """
    wanted = {"codeLocation": location, "nameContains": name}
    given = {key: value for key, value in wanted.items() if value is not None}
    found = list(client.pages(documents.LIST, None, filter=given))
    if as_json:
        print_json(found)
        return
    names = Names(client)
    rows = [
        (
            cut(names.of(job), 40),
            ", ".join(op["name"] for op in job["ops"]) or "-",
            ", ".join(sensor["name"] for sensor in job["sensors"]) or "-",
            cut(job["description"], 80),
        )
        for job in found
    ]
    print_table(
        ("Job", "Ops", "Sensors", "Description"),
        rows,
        none="No jobs yet: `vedette dev path/to/project.py` serves those of a project.",
    )


@click.command()
@click.argument("name")
@json_option
@asks_server
def show(client: Client, name: str, as_json: bool) -> None:
    """Show a job, named by its name, or by LOCATION/NAME where several code locations have one of it.

    \b
    vedette job show process_file
    """
    found = find(client, documents.SHOW, "job", name)
    if as_json:
        print_json(found)
        return
    runs = [edge["node"] for edge in found["runs"]["edges"]]
    facts = (
        ("Job", found["name"]),
        ("Code location", found["codeLocation"]["name"]),
        ("Description", found["description"]),
        ("Ops", ", ".join(op["name"] for op in found["ops"])),
        ("Sensors", ", ".join(sensor["name"] for sensor in found["sensors"]) or "-"),
        ("Tags", " ".join(f"{tag['key']}={tag['value']}" for tag in found["tags"]) or None),
        ("Last run", f"{short_id(runs[0]['id'])} {runs[0]['status']}" if runs else "-"),
        ("Config", json.dumps(found["configSchema"], ensure_ascii=False) if found["configSchema"] else "takes any"),
    )
    print_facts(facts)
