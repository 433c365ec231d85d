"""How long a page takes over a long history: `python -m benchmarks.history --ticks 10000000 --runs 1000000`.

Measured through the storage's own functions, statement, transfer and rows as values, one after the other on a pool's
connection; what GraphQL adds is the same for a short history.
"""

import argparse
import asyncio
import gc
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from benchmarks.history_pages import PAGES, STREAMS, sample
from benchmarks.history_rows import fill
from vedette.storage.database import Database
from vedette.storage.embedded.postgres import EmbeddedPostgres
from vedette.storage.migrations.migrating import migrate

ROUNDS = 200
WARM_UP = 10
# What is written in one go is not to be written twice for the checkpoints between; reading does not know of it.
WRITING = {"max_wal_size": "8GB"}


@dataclass(frozen=True)
class Figures:
    """Milliseconds of one list: the median and the 99th percentile."""

    name: str
    p50: float
    p99: float


@dataclass(frozen=True)
class History:
    """What was measured, and the size of the database and the seconds it took to make."""

    figures: list[Figures]
    gigabytes: float
    seconds: float


async def measure(ticks: int, runs: int, rounds: int = ROUNDS) -> History:
    """Make a history of that many ticks and runs in a database of its own, and ask for each list `rounds` times."""
    with tempfile.TemporaryDirectory(prefix="vedette-", ignore_cleanup_errors=True) as home:
        async with EmbeddedPostgres(Path(home), WRITING) as postgres:
            await migrate(postgres.url)
            began = time.monotonic()
            async with Database(postgres.url) as database:
                await fill(database, ticks, runs)
                seconds = time.monotonic() - began
                return History(await _ask(database, rounds), await _gigabytes(database), seconds)


async def _gigabytes(database: Database) -> float:
    async with database.reading() as connection:
        size = await connection.execute(text("SELECT pg_database_size(current_database())"))
        return float(size.scalar_one()) / 1e9


async def _ask(database: Database, rounds: int) -> list[Figures]:
    figures = []
    async with database.reading() as connection:
        of = await sample(connection)
        # As a server does at the end of its start: what was imported is not collected again and again.
        gc.collect()
        gc.freeze()
        for name, ask in {**PAGES, **STREAMS}.items():
            times = []
            for number in range(WARM_UP + rounds):
                began = time.perf_counter()
                await ask(connection, of)
                if number >= WARM_UP:
                    times.append(1000 * (time.perf_counter() - began))
            times.sort()
            figures.append(Figures(name, times[len(times) // 2], times[int(len(times) * 0.99) - 1]))
    return figures


def run(ticks: int = 10_000_000, runs: int = 1_000_000, rounds: int = ROUNDS) -> Iterator[str]:
    """Measure, and yield rows of a Markdown table."""
    history = asyncio.run(measure(ticks, runs, rounds))
    size = f"{history.gigabytes:.1f} GB, made in {history.seconds:.0f} s"
    yield f"| history of {ticks:,} ticks and {runs:,} runs | {size} |"
    for each in sorted(history.figures, key=lambda figures: -figures.p99):
        yield f"| {each.name}, p50 / p99 | {each.p50:.1f} / {each.p99:.1f} ms |"


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure every list over a long history.")
    parser.add_argument("--ticks", type=int, default=10_000_000)
    parser.add_argument("--runs", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    given = parser.parse_args()
    for line in run(given.ticks, given.runs, given.rounds):
        print(line)


if __name__ == "__main__":
    main()
