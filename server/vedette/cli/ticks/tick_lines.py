"""A tick in one line."""

from vedette.cli.output import Cell, coloured, duration, local_time
from vedette.client.connection import Json


def outcome_of(tick: Json) -> str:
    """Return in one line what came of a tick: its error, its skip reason or how many runs it launched."""
    if tick["error"]:
        first_line = (tick["error"]["message"].splitlines() or [""])[0]
        return f"{tick['error']['type']}: {first_line}"
    if tick["launchedCount"]:
        return "1 run" if tick["launchedCount"] == 1 else f"{tick['launchedCount']} runs"
    return tick["skipReason"] or ""


def tick_line(tick: Json, name: str) -> tuple[Cell, ...]:
    """Return the words of the line of a tick of the sensor called `name`."""
    took = duration(tick["durationSeconds"]) if tick["durationSeconds"] is not None else ""
    number = f"#{tick['number']}"
    words = (
        local_time(tick["startedAt"]),
        name,
        number,
        coloured(tick["status"]),
        took,
        outcome_of(tick),
    )
    return tuple(word for word in words if word)
