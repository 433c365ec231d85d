"""A log line of an evaluation at the terminal."""

from vedette.cli.output import coloured, local_time, print_line
from vedette.client.connection import Json


def print_log(record: Json, *words: str) -> None:
    """Print one line: when, how much it matters, and what was said; `words` come before it."""
    print_line(local_time(record["at"]), *words, coloured(record["level"]), record["message"])
