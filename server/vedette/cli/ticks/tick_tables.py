"""Ticks in a table."""

from collections.abc import Sequence

from vedette.cli.names import Names
from vedette.cli.output import coloured, cut, duration, local_time, print_table
from vedette.cli.ticks.tick_lines import outcome_of
from vedette.client.connection import Json

NONE = "No ticks yet: `vedette sensor tick NAME` makes one, and running sensors make theirs."


def print_ticks(ticks: Sequence[Json], names: Names, none: str | None = None) -> None:
    """Print a row a tick; `none` where there is none."""
    rows = [
        (
            local_time(tick["startedAt"]),
            cut(names.of(tick["sensor"]), 32),
            str(tick["number"]),
            coloured(tick["status"]),
            f"x{tick['repeats'] + 1}" if tick["repeats"] else "",
            duration(tick["durationSeconds"]),
            outcome_of(tick),
        )
        for tick in ticks
    ]
    print_table(("Started", "Sensor", "No.", "Status", "", "Took", "Outcome"), rows, none=none or NONE)
