"""`vedette sensor show`."""

import json

import click

from vedette.cli.client import Client, asks_server, json_option
from vedette.cli.names import find, full_name
from vedette.cli.output import coloured, local_time, print_facts, print_json, shortened
from vedette.cli.sensors import sensor_documents as documents
from vedette.cli.ticks.tick_lines import outcome_of
from vedette.client.connection import Json


@click.command()
@click.argument("name")
@json_option
@asks_server
def show(client: Client, name: str, as_json: bool) -> None:
    """Show a sensor: its definition, and how it stands.

    \b
    vedette sensor show inbox
    """
    found = find(client, documents.SHOW, "sensor", name)
    if as_json:
        print_json(found)
        return
    facts = (
        ("Sensor", full_name(found)),
        ("Description", found["description"]),
        ("Jobs", ", ".join(target["name"] for target in found["targets"] if target) or "-"),
        ("Interval", f"{found['minimumIntervalSeconds']:g} s"),
        ("Watches", ", ".join(found["watches"]) or None),
        ("Timeout", f"{found['timeoutSeconds']:g} s"),
        ("Tags", " ".join(f"{tag['key']}={tag['value']}" for tag in found["tags"]) or None),
        ("Owners", ", ".join(found["owners"]) or None),
        ("Metadata", json.dumps(found["metadata"], ensure_ascii=False) if found["metadata"] else None),
        ("Status", coloured(found["status"])),
        ("Decided by", _decided(found["statusReason"])),
        ("Doing", coloured(found["condition"]["kind"])),
        ("Why", found["condition"]["message"]),
        ("Next tick", local_time(found["nextTickAt"])),
        ("Last tick", _last(found["lastTick"])),
        ("Failures", str(found["consecutiveFailures"]) if found["consecutiveFailures"] else None),
        ("Cursor", shortened(found["cursor"]["value"])),
    )
    print_facts(facts)


def _decided(reason: Json) -> str:
    if reason["source"] == "CODE":
        return "its code"
    return " ".join((reason["actor"] or reason["source"].lower().replace("_", " "), "at", local_time(reason["at"])))


def _last(tick: Json | None) -> str:
    if tick is None:
        return "-"
    words = (f"#{tick['number']}", local_time(tick["startedAt"]), tick["status"], outcome_of(tick))
    return " ".join(word for word in words if word)
