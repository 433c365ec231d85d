"""What happened to assets, a line each."""

from vedette.cli.assets.asset_keys import named
from vedette.cli.ids import short_id
from vedette.cli.output import Cell, coloured, cut, local_time
from vedette.client.connection import Json

KINDS = {"Materialization": "materialized", "Observation": "observed", "AssetCheckEvaluation": "checked"}


def event_cells(event: Json) -> tuple[Cell, ...]:
    """Return when, what, of which partition, by whom, and what there is to say."""
    return (
        local_time(event["at"]),
        outcome(event),
        cut(event["partitionKey"], 30),
        source(event),
        cut(_said(event), 100),
    )


def event_line(event: Json) -> tuple[Cell, ...]:
    """Return the same with the asset's key, for a stream."""
    when, what, partition, by, said = event_cells(event)
    return when, named(event["assetKey"]), what, *(cell for cell in (partition, by, said) if cell != "-")


def outcome(event: Json) -> Cell:
    """Return what happened."""
    if event["__typename"] != "AssetCheckEvaluation":
        return KINDS[event["__typename"]]
    if event["passed"]:
        return f"{event['checkName']} passed"
    return coloured(event["severity"]).append(f" {event['checkName']} did not pass")


def source(event: Json) -> str:
    """Return who told it."""
    if event["run"]:
        return f"run {short_id(event['run']['id'])}"
    return f"sensor {event['tick']['sensor']['name']}" if event["tick"] else "-"


def _said(event: Json) -> str | None:
    noted = ", ".join(f"{label}={value}" for label, value in (event["metadata"] or {}).items())
    return "; ".join(part for part in (event["description"], noted) if part) or None
