"""The API side by side with stock strawberry: the same schema, resolvers, rows and Postgres, in one run.

Each server is a process of its own, the clients are another. The documents are those of the command line.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psutil
import uvloop

from benchmarks import api_rows, http_load
from benchmarks.server import percentile
from vedette.cli.runs import run_documents
from vedette.cli.sensors import sensor_documents
from vedette.cli.ticks import ticks
from vedette.storage.database import Database
from vedette.storage.embedded.postgres import EmbeddedPostgres
from vedette.storage.migrations import migrating

CLIENTS = 16
ALONE = 60
TOGETHER = 100
WARM = 10
# The same process takes 3.4 or 5 ms for the same, by what else goes on on the machine: neither lasts.
ROUNDS = 5


class Figures(NamedTuple):
    """What one kind of request took of one server: seconds alone, requests/s together, CPU seconds of the server."""

    seconds: list[float]
    rate: float
    cpu_seconds: float


@contextmanager
def serving(url: str, kind: str) -> "Iterator[tuple[int, psutil.Process]]":
    """Yield the port and the process of a server of `vedette` or `stock`."""
    command = [sys.executable, "-m", "benchmarks.api_server", url, kind]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline()), psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(30)


async def _requests(port: int) -> dict[str, bytes]:
    connection = await http_load.Connection.open(port)
    found = json.loads(await connection.ask(http_load.request("{ sensors(first: 1) { edges { node { id } } } }")))
    connection.close()
    sensor = found["data"]["sensors"]["edges"][0]["node"]["id"]
    return {
        "100 sensors, each with its last tick": http_load.request(sensor_documents.LIST, first=100),
        "100 ticks of a sensor": http_load.request(ticks.LIST, first=100, filter={"sensorId": sensor}),
        "100 runs": http_load.request(run_documents.LIST, first=100),
    }


async def _figures(port: int, server: psutil.Process, asked: bytes) -> Figures:
    """Measure one kind of request at one server; the best of some rounds counts, as others use the machine too."""
    await http_load.alone(port, asked, WARM)
    rounds = []
    for _ in range(ROUNDS):
        seconds = await http_load.alone(port, asked, ALONE)
        before = server.cpu_times()
        rate = TOGETHER / await http_load.together(port, asked, CLIENTS, TOGETHER)
        after = server.cpu_times()
        cpu_seconds = (after.user + after.system - before.user - before.system) / TOGETHER
        rounds.append(Figures(seconds, rate, cpu_seconds))
    return Figures(
        min((one.seconds for one in rounds), key=lambda seconds: percentile(seconds, 0.5)),
        max(one.rate for one in rounds),
        min(one.cpu_seconds for one in rounds),
    )


async def measure() -> dict[str, dict[str, Figures]]:
    """Return the figures of each kind of request, of `vedette` and of `stock`."""
    with tempfile.TemporaryDirectory(prefix="vedette-bench-") as folder:
        async with EmbeddedPostgres(Path(folder)) as postgres:
            await migrating.migrate(postgres.url)
            async with Database(postgres.url) as database:
                await api_rows.fill(database)
            with serving(postgres.url, "vedette") as ours, serving(postgres.url, "stock") as stock:
                return {
                    what: {"vedette": await _figures(*ours, asked), "stock": await _figures(*stock, asked)}
                    for what, asked in (await _requests(ours[0])).items()
                }


def _line(what: str, ours: Figures, stock: Figures) -> Iterator[str]:
    yield f"| {what}, {CLIENTS} clients | {ours.rate:,.0f} /s; stock strawberry {stock.rate:,.0f} /s |"
    p50, p99 = (percentile(ours.seconds, share) * 1e3 for share in (0.5, 0.99))
    stock_p50, stock_p99 = (percentile(stock.seconds, share) * 1e3 for share in (0.5, 0.99))
    yield f"| the same alone, p50 / p99 | {p50:.1f} / {p99:.1f} ms; stock {stock_p50:.1f} / {stock_p99:.1f} ms |"
    ratio = stock.cpu_seconds / ours.cpu_seconds
    ours_ms, stock_ms = ours.cpu_seconds * 1e3, stock.cpu_seconds * 1e3
    yield f"| the same, CPU of the server a request | {ours_ms:.2f} ms; stock {stock_ms:.2f} ms, {ratio:.1f} times |"


def run() -> list[str]:
    """Measure; return lines of a Markdown table."""
    found = uvloop.run(measure())
    return [line for what, of in found.items() for line in _line(what, of["vedette"], of["stock"])]


if __name__ == "__main__":
    print("\n".join(run()))
