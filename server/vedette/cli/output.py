"""What the command line prints: tables for people, JSON for programs."""

import json
import os
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

COLOURS = {
    "RUNNING": "green",
    "SUCCESS": "green",
    "LAUNCHED": "green",
    "STARTED": "cyan",
    "STARTING": "cyan",
    "QUEUED": "cyan",
    "EVALUATING": "cyan",
    "CANCELING": "yellow",
    "WARNING": "yellow",
    "OVERDUE": "yellow",
    "BACKING_OFF": "yellow",
    "FAILURE": "red",
    "ERROR": "red",
    "PROBLEM": "red",
    "OK": "green",
    "CRITICAL": "red",
    "STOPPED": "dim",
    "SKIPPED": "dim",
    "CANCELED": "dim",
    "UNLOADED": "dim",
    "DEBUG": "dim",
}

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR

# Rich puts one blank on either side of a column.
GAP = 2
# The least that the last column of a table gets; a narrow terminal folds the lines rather than to lose a column.
LEAST_WIDTH = 10
# Where there is no terminal, nothing is cut or folded: who reads a pipe wants it whole.
BOUNDLESS = 100_000

Cell = str | Text
Json = Any


def print_json(value: Any) -> None:
    """Print `value` as indented JSON."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def print_json_line(value: Any) -> None:
    """Print `value` as JSON on one line, for streams."""
    click.echo(json.dumps(value, ensure_ascii=False))


def print_table(
    titles: Sequence[str], rows: Sequence[Sequence[Cell]], none: str = "None.", *, fold: bool = False
) -> None:
    """Print rows under titles within the terminal's width; `none` is printed where there are no rows.

    The last column takes the width that the others leave: what does not fit is cut, or folded with `fold`.
    """
    if not rows:
        click.echo(none)
        return
    cells = [[plain(cell) for cell in row] for row in rows]
    table = Table(box=None, pad_edge=False, header_style="bold")
    left = terminal_width = _width()
    for title, column in zip(titles[:-1], zip(*cells, strict=True), strict=False):
        width = max(len(title), *(cell.cell_len for cell in column))
        table.add_column(title, no_wrap=True, min_width=width)
        left -= width + GAP
    last = max(left, min(LEAST_WIDTH, max(len(titles[-1]), *(row[-1].cell_len for row in cells))))
    table.add_column(titles[-1], no_wrap=not fold, overflow="ellipsis" if not fold else "fold", max_width=last)
    for row in cells:
        table.add_row(*row)
    _print_table(table, terminal_width - left + last)


def print_facts(facts: Sequence[tuple[str, Cell | None]]) -> None:
    """Print names and values, one line each and folded where long; those without a value are left out."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts:
        if value is not None:
            table.add_row(name, plain(value))
    _print_table(table, _width())


def print_line(*cells: Cell) -> None:
    """Print cells with a space between them, as they are: a line of a log is neither cut nor folded."""
    Console(soft_wrap=True).print(Text(" ").join(map(plain, cells)))


def _width() -> int:
    """Return how wide the terminal is, or as COLUMNS says."""
    console = Console()
    return console.width if console.is_terminal or "COLUMNS" in os.environ else BOUNDLESS


def _print_table(table: Table, width: int) -> None:
    """Print without the blanks that rich fills lines up with."""
    console = Console(width=width, soft_wrap=True)
    with console.capture() as capture:
        console.print(table)
    click.echo("\n".join(line.rstrip() for line in capture.get().splitlines()))


def plain(cell: Cell) -> Text:
    """Return a cell's text as it stands: user text is no markup and cannot move the terminal's cursor."""
    if isinstance(cell, Text):
        return cell
    return Text("".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in cell))


def coloured(word: str) -> Text:
    """Return a status or level in its colour."""
    return Text(word, style=COLOURS.get(word, ""))


def cut(text: str | None, width: int) -> str:
    """Return the first line of `text`, at most `width` characters; "-" where there is none."""
    if text is None:
        return "-"
    first, *more = text.splitlines() or [""]
    return first if len(first) <= width and not more else first[: width - 1] + "\N{HORIZONTAL ELLIPSIS}"


def shortened(text: str | None, most: int = 400) -> str | None:
    """Return `text`, or its first `most` characters and how many it has: a long cursor must not flood the terminal."""
    if text is None or len(text) <= most:
        return text
    return f"{text[:most]}\N{HORIZONTAL ELLIPSIS} ({len(text)} characters; --json prints them all)"


def error_text(error: Json | None) -> str | None:
    """Return an error and what it was raised from, a line each."""
    if error is None:
        return None
    cause = error_text(error.get("cause"))
    own = f"{error['type']}: {error['message']}"
    return own if cause is None else f"{own}\ncaused by {cause}"


def local_time(text: str | None, now: datetime | None = None) -> str:
    """Return an RFC 3339 time in the local time zone: the time alone today, else with its date; "-" for none."""
    if text is None:
        return "-"
    moment = datetime.fromisoformat(text).astimezone()
    today = (now or datetime.now().astimezone()).date()
    return f"{moment:%H:%M:%S}" if moment.date() == today else f"{moment:%Y-%m-%d %H:%M:%S}"


def duration(seconds: float | None) -> str:
    """Return seconds as people say them: 4 ms, 1.5 s, 2 m 05 s, 3 h 02 m, 5 d 01 h; "-" for none."""
    if seconds is None:
        return "-"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < MINUTE:
        return f"{seconds:.1f} s"
    if seconds < HOUR:
        return f"{int(seconds // MINUTE)} m {int(seconds % MINUTE):02} s"
    if seconds < DAY:
        return f"{int(seconds // HOUR)} h {int(seconds % HOUR // MINUTE):02} m"
    return f"{int(seconds // DAY)} d {int(seconds % DAY // HOUR):02} h"


def between(start: str | None, end: str | None) -> float | None:
    """Return the seconds from one RFC 3339 time to another; None where one is missing."""
    if start is None or end is None:
        return None
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
