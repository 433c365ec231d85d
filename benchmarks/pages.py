"""GraphQL list pages of 100 over a long history: what a client waits for, one after the other over one connection.

`python -m benchmarks.pages [--ticks N] [--runs N] [--rounds N]`; what the database's part of every list takes is
measured by `benchmarks/history.py`.
"""

import argparse
import asyncio
import time
from dataclasses import dataclass

from benchmarks import projects
from benchmarks.history_rows import fill
from benchmarks.server import MeasuredServer, measured
from vedette.storage.database import Database
from vedette.storage.embedded.postgres import EmbeddedPostgres
from vedette.storage.migrations.migrating import migrate

TICK = "id number status startedAt finishedAt skipReason error { message } requestedCount launchedCount"
RUN = "id status jobName runKey queuedAt startedAt finishedAt tags { key value }"
PAGES = {
    "sensors": f"""{{ sensors(first: 100) {{ edges {{ node {{ id name description kind minimumIntervalSeconds status
        targets {{ __typename ... on Job {{ name }} }} lastTick {{ {TICK} }} }} }} }} }}""",
    "ticks of a sensor": f"""{{ ticks(filter: {{sensorId: "%s"}}, first: 100) {{ edges {{ node {{
        {TICK} cursorBefore cursorAfter }} }} }} }}""",
    "runs": f"{{ runs(first: 100) {{ edges {{ node {{ {RUN} }} }} }} }}",
}
SENSOR = '{ sensor(by: {name: {codeLocation: "shop", name: "s7"}}) { id } }'


@dataclass(frozen=True)
class Pages:
    """Seconds of each answer, by page."""

    seconds: dict[str, list[float]]


def measure(ticks: int = 10_000_000, runs: int = 1_000_000, rounds: int = 200) -> Pages:
    """Make a history of that many ticks and runs, and ask for each page `rounds` times."""
    with measured(projects.source("trivial")) as server:
        asyncio.run(_fill(server, ticks, runs))
        with server.running():
            sensor = server.query(SENSOR)["sensor"]["id"]
            pages = {name: page.replace("%s", sensor) for name, page in PAGES.items()}
            return Pages({name: [_ask(server, page) for _ in range(rounds)] for name, page in pages.items()})


async def _fill(server: MeasuredServer, ticks: int, runs: int) -> None:
    async with EmbeddedPostgres(server.folder / "home") as postgres:
        await migrate(postgres.url)
        async with Database(postgres.url) as database:
            await fill(database, ticks, runs)


def _ask(server: MeasuredServer, page: str) -> float:
    began = time.perf_counter()
    server.query(page)
    return time.perf_counter() - began


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ticks", type=int, default=10_000_000)
    parser.add_argument("--runs", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=200)
    print(measure(**vars(parser.parse_args())))
