"""`vedette sensor …`: list, start, stop, reset, tick; cursors and test evaluations are beside it."""

import time
from collections.abc import Iterable, Iterator
from typing import Any

import click

from vedette.cli.client import Client, asks_server, json_option
from vedette.cli.failures import OperationFailed, WrongOptions
from vedette.cli.lazy import Lazy, LazyGroup
from vedette.cli.names import Names, find, full_name
from vedette.cli.output import Cell, coloured, cut, local_time, print_json, print_line, print_table
from vedette.cli.sensors import sensor_documents as documents
from vedette.cli.ticks.tick_lines import tick_line
from vedette.client.connection import Json

COMMANDS = {
    "list": Lazy("vedette.cli.sensors.sensors:list_sensors", "List sensors, and how they stand."),
    "show": Lazy("vedette.cli.sensors.sensor_showing:show", "Show a sensor: its definition, and how it stands."),
    "start": Lazy("vedette.cli.sensors.sensors:start", "Start sensors."),
    "stop": Lazy("vedette.cli.sensors.sensors:stop", "Stop sensors."),
    "reset": Lazy("vedette.cli.sensors.sensors:reset", "Give sensors back the status that their code says."),
    "cursor": Lazy("vedette.cli.sensors.cursors:cursor", "Show, set or delete a sensor's cursor."),
    "preview": Lazy("vedette.cli.sensors.previews:preview", "Try a sensor: nothing is recorded or launched."),
    "tick": Lazy("vedette.cli.sensors.sensors:tick_now", "Tick a sensor now: recorded, and its runs launched."),
    "ticks": Lazy("vedette.cli.ticks.sensor_ticks:ticks", "List a sensor's ticks, the latest first."),
    "logs": Lazy("vedette.cli.sensors.sensor_logs:logs", "Print what a sensor logged in its latest ticks."),
}

# How often to look whether a long tick has ended.
LOOK_SECONDS = 0.2

_names = click.argument("names", nargs=-1, metavar="NAME...")


@click.group(cls=LazyGroup, lazy=COMMANDS)
def sensor() -> None:
    """List, show, start, stop, reset, preview and tick sensors; their ticks, logs and cursors.

    A sensor is named by its NAME, or by LOCATION/NAME where several code locations have one of that name.
    """


@click.command("list")
@click.option("--status", type=click.Choice(["RUNNING", "STOPPED"], case_sensitive=False), help="Only these.")
@click.option("--running", is_flag=True, help="Only those that run, as --status running.")
@click.option("--stopped", is_flag=True, help="Only those that are stopped, as --status stopped.")
@click.option("--location", help="Only those of this code location.")
@click.option("--name", help="Only those with this in their name.")
@json_option
@asks_server
def list_sensors(
    client: Client,
    status: str | None,
    running: bool,
    stopped: bool,
    location: str | None,
    name: str | None,
    as_json: bool,
) -> None:
    """List sensors, and how they stand.

    \b
    vedette sensor list
    vedette sensor list --running --name inbox --json
    """
    if (status is not None) + running + stopped > 1:
        raise WrongOptions("Say one of --running, --stopped and --status.")
    status = "RUNNING" if running else "STOPPED" if stopped else status
    wanted = {"status": status, "codeLocation": location, "nameContains": name}
    found = list(client.pages(documents.LIST, None, filter=_given(wanted)))
    if as_json:
        print_json(found)
    else:
        titles = ("Sensor", "Status", "Doing", "Last tick", "Outcome", "Next", "")
        print_table(titles, _rows(found, Names(client)), none=_none(wanted))


@click.command()
@_names
@click.option("--all", "every", is_flag=True, help="All that are stopped.")
@json_option
@asks_server
def start(client: Client, names: tuple[str, ...], every: bool, as_json: bool) -> None:
    """Start sensors.

    \b
    vedette sensor start inbox
    vedette sensor start --all
    """
    _change(client, documents.START, "startSensor", _chosen(client, names, every, "STOPPED"), as_json)


@click.command()
@_names
@click.option("--all", "every", is_flag=True, help="All that are running.")
@click.option("--note", help="Why; shown with the sensor's status.")
@json_option
@asks_server
def stop(client: Client, names: tuple[str, ...], every: bool, note: str | None, as_json: bool) -> None:
    """Stop sensors. An evaluation in flight launches nothing any more; cursors stay.

    \b
    vedette sensor stop inbox --note "disk is full"
    """
    chosen = _chosen(client, names, every, "RUNNING")
    _change(client, documents.STOP, "stopSensor", chosen, as_json, note=note)


@click.command()
@_names
@json_option
@asks_server
def reset(client: Client, names: tuple[str, ...], as_json: bool) -> None:
    """Give sensors back the status that their code says; cursors stay.

    \b
    vedette sensor reset inbox
    """
    _change(client, documents.RESET, "resetSensor", _chosen(client, names, False, None), as_json)


@click.command("tick")
@click.argument("name")
@json_option
@asks_server
def tick_now(client: Client, name: str, as_json: bool) -> None:
    """Tick a sensor now and wait for the end: the tick is recorded, its runs are launched, its cursor is kept.

    \b
    vedette sensor tick inbox
    """
    found = find(client, documents.FIND, "sensor", name)
    tick = _ended(client, client.mutate(documents.TICK, "tickSensor", input={"sensorId": found["id"]})["tick"])
    if as_json:
        print_json(tick)
    else:
        print_line(*tick_line(tick, name))
    if tick["status"] == "FAILURE":
        # What was printed says so, and why.
        raise click.exceptions.Exit(1)


def _ended(client: Client, tick: Json) -> Json:
    """Return the tick as it is when it has ended: the API answers for a long one when it has begun."""
    while tick["status"] == "STARTED":
        time.sleep(LOOK_SECONDS)
        tick = client.execute(documents.TICK_STATUS, id=tick["id"])["tick"]
    return tick


def _none(wanted: dict[str, Any]) -> str:
    """Return what to say where there is no sensor: that none is like that, or how to come by one."""
    if _given(wanted):
        return "No sensor is like that; `vedette sensor list` lists all."
    return "No sensors yet: `vedette dev path/to/project.py` serves those of a project."


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def _rows(sensors: Iterable[Json], names: Names) -> list[tuple[Cell, ...]]:
    return [
        (
            cut(names.of(sensor), 32),
            coloured(sensor["status"]),
            coloured(sensor["condition"]["kind"]),
            local_time(sensor["lastTick"] and sensor["lastTick"]["startedAt"]),
            coloured(sensor["lastTick"]["status"]) if sensor["lastTick"] else "-",
            local_time(sensor["nextTickAt"]),
            cut(sensor["condition"]["message"] or "", 60),
        )
        for sensor in sensors
    ]


def _chosen(client: Client, names: tuple[str, ...], every: bool, status: str | None) -> Iterator[str]:
    """Yield what was named, or each sensor of the status."""
    if bool(names) == every:
        raise WrongOptions("Name one sensor or more" + (", or say --all." if status else "."))
    if not every:
        return iter(names)
    found = list(client.pages(documents.LIST, None, filter={"status": status}))
    return map(full_name, found)


def _change(client: Client, document: str, field: str, names: Iterator[str], as_json: bool, **fields: Any) -> None:
    """Change one sensor after another; one that cannot be changed does not keep the others from it."""
    changed: dict[str, Json] = {}
    failures: list[str] = []
    for name in names:
        try:
            found = find(client, documents.FIND, "sensor", name)
            wanted = _given({"sensorId": found["id"], **fields})
            changed[name] = client.mutate(document, field, input=wanted)["sensor"]
        except OperationFailed as error:
            failures.append(str(error))
    if as_json:
        print_json(list(changed.values()))
    else:
        for name, sensor in changed.items():
            print_line(name, coloured(sensor["status"]))
    if failures:
        raise OperationFailed("\nError: ".join(failures))
