"""`vedette run launch`."""

import json
from contextlib import aclosing
from pathlib import Path

import click

from vedette.cli.client import Client, asks_server, json_option
from vedette.cli.failures import OperationFailed, WrongOptions
from vedette.cli.ids import short_id
from vedette.cli.names import find
from vedette.cli.output import coloured, print_json, print_line
from vedette.cli.pairs import TAG, pairs
from vedette.cli.running import run_until_stopped
from vedette.cli.runs import run_documents as documents
from vedette.cli.ticks.tick_following import say_lost
from vedette.client.connection import Json
from vedette.client.subscription import Subscription


@click.command()
@click.argument("job")
@click.option("--config", metavar="JSON", help="The run's config, as JSON; @file.json reads it from a file.")
@click.option("--tag", multiple=True, type=TAG, help="A tag of the run.")
@click.option("--run-key", metavar="KEY", help="Launch it only if no run of the job has this key.")
@click.option("--partition", metavar="KEY", help="The partition to run for.")
@click.option("--wait", is_flag=True, help="Wait until it has ended; the exit code is 0 only if it succeeded.")
@json_option
@asks_server
def launch(
    client: Client,
    job: str,
    config: str | None,
    tag: tuple[tuple[str, str], ...],
    run_key: str | None,
    partition: str | None,
    wait: bool,
    as_json: bool,
) -> None:
    """Launch a run of a job, named by its name, or by LOCATION/NAME where several code locations have one of it.

    \b
    vedette run launch process_file --config '{"ops": {"process": {"config": {"path": "a.csv"}}}}'
    vedette run launch process_file --config @config.json --tag team=data --wait
    vedette job launch nightly --partition 2026-01-31
    """
    parsed = None if config is None else parsed_config(config)
    found = find(client, documents.JOB, "job", job)
    wanted = {
        "jobId": found["id"],
        "runConfig": parsed,
        "tags": pairs(tag),
        "runKey": run_key,
        "partitionKey": partition,
    }
    run = client.mutate(documents.LAUNCH, "launchRun", input=wanted)["run"]
    if wait:
        run = when_ended(client, run)
    if as_json:
        print_json(run)
    else:
        print_line(short_id(run["id"]), coloured(run["status"]))
    if wait and run["status"] != "SUCCESS":
        raise OperationFailed(f"The run is {run['status']}; `vedette run show {short_id(run['id'])}` tells more.")


def parsed_config(text: str) -> Json:
    """Return the config that an option gives. Raises WrongOptions for what is no JSON object or no file."""
    place = "--config"
    if text.startswith("@"):
        place = text[1:]
        try:
            text = Path(place).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise WrongOptions(f"--config @{place} cannot be read: {error}.") from None
    try:
        config = json.loads(text)
    except ValueError as error:
        raise WrongOptions(f"{place} is not JSON: {error}.") from None
    if not isinstance(config, dict):
        raise WrongOptions(f"{place} is not a JSON object; write it as {{…}}.")
    return config


def when_ended(client: Client, run: Json) -> Json:
    """Return the run as it is when it has ended, or when Ctrl-C ended the waiting."""
    subscription = Subscription(client.url, documents.FOLLOW, "runEvents", {"id": run["id"]}, client.headers)
    run_until_stopped(_drain(subscription))
    return client.execute(documents.SHOW, id=run["id"])["run"]


async def _drain(subscription: Subscription) -> None:
    async with aclosing(subscription.items(None, say_lost)) as items:
        async for _ in items:
            pass
