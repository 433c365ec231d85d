"""A backup of a live system, restored and started: consistent, nothing run twice, and streams that say what is gone."""

import asyncio
import json
import shutil
import subprocess
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from anyio.from_thread import BlockingPortal
from chaos.invariants import Verdict, check, is_settled
from chaos.processes import Fleet, wait_until
from chaos.trial import Trial
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from conftest import execute, named
from vedette.storage.embedded import binaries as embedded_binaries
from vedette.storage.restored import LEFT_OUT

# How long the copy may lie about before it is started.
STOPPED_SECONDS = 300.0

FOLLOW = """subscription($after: StreamPosition) { ticks(after: $after) {
    __typename ... on TickChanged { position } ... on StreamGap { position message } } }"""


def ask(url: str, question: str, *values: object) -> list[asyncpg.Record]:
    async def fetch() -> list[asyncpg.Record]:
        connection = await asyncpg.connect(url, timeout=10, command_timeout=30)
        try:
            return list(await connection.fetch(question, *values))
        finally:
            await connection.close()

    return asyncio.run(fetch())


def program(name: str, *arguments: str) -> None:
    path = embedded_binaries.find(None).folder / name
    if not path.is_file():
        pytest.skip(f"There is no {name} beside the Postgres that is installed.")
    subprocess.run([path, *arguments], check=True, timeout=120)


def first_told(port: int, after: int) -> dict[str, str]:
    """Return the first thing that a subscriber of ticks is told who goes on from `after`."""
    url = f"ws://127.0.0.1:{port}/graphql"
    with connect(url, subprotocols=[Subprotocol("graphql-transport-ws")], max_size=None) as socket:
        socket.send(json.dumps({"type": "connection_init"}))
        socket.recv(10)
        payload = {"query": FOLLOW, "variables": {"after": str(after)}}
        socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
        message = json.loads(socket.recv(10))
    told: dict[str, str] = message["payload"]["data"]["ticks"]
    return told


def verdict(url: str, folder: Path, events: list[str]) -> Verdict:
    async def judge() -> Verdict:
        connection = await asyncpg.connect(url, timeout=10, command_timeout=30)
        try:
            # A tick that the backup caught STARTED ends when the copy starts.
            return await check(connection, folder, events, STOPPED_SECONDS, lambda began, ended: ended - began)
        finally:
            await connection.close()

    return asyncio.run(judge())


def settled(url: str, events: list[str]) -> bool:
    async def look() -> bool:
        connection = await asyncpg.connect(url, timeout=10, command_timeout=30)
        try:
            return await is_settled(connection, events)
        finally:
            await connection.close()

    return asyncio.run(look())


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_restored_backup_of_a_live_system_goes_on_from_where_it_was(
    portal: BlockingPortal, postgres_url: str, database_url: str, tmp_path: Path
) -> None:
    dump = tmp_path / "dump"
    (tmp_path / "original").mkdir()
    with Trial(tmp_path / "original", database_url) as original:
        original.start("evaluate", "launch")
        original.events.start()
        ended = "SELECT FROM runs WHERE status = 'SUCCESS'"
        wait_until(lambda: len(ask(database_url, ended)) > 40, "runs of the original", 60)
        program("pg_dump", "--format=custom", f"--file={dump}", database_url)
        # The original goes on for a while: what it does now, the backup does not know.
        after_dump = len(ask(database_url, ended))
        wait_until(lambda: len(ask(database_url, ended)) > after_dump + 20, "more runs of the original", 60)
        [last] = ask(database_url, "SELECT position FROM streams WHERE name = 'ticks'")
        events = original.events.names

    name = f"copy_{uuid4().hex}"
    portal.call(execute, postgres_url, f"CREATE DATABASE {name}")
    url, folder = named(postgres_url, name), tmp_path / "copy"
    program("pg_restore", "--no-owner", f"--dbname={url}", str(dump))
    shutil.copytree(tmp_path / "original" / "events", folder / "events")
    names = [
        f"{path.name}-{n}" for path in (folder / "events").iterdir() for n in range(len(path.read_text().splitlines()))
    ]
    assert set(events) <= set(names)
    # What had been done when the backup was made: done again, it stands in the ledger twice.
    done = ask(url, "SELECT tags->>'event' AS event, attempt FROM runs WHERE status = 'SUCCESS'")
    (folder / "ledger").write_text(
        "".join(f"{word} {row['event']} {row['attempt']}\n" for row in done for word in ("begin", "end"))
    )
    [held] = ask(url, "SELECT position FROM streams WHERE name = 'ticks'")
    with Fleet(folder, url) as copy:
        serve = copy.start("serve")
        for process in (serve, copy.start("evaluate"), copy.start("launch")):
            process.wait_ready()
        wait_until(lambda: settled(url, names), "the copy to settle", 120)
        found = verdict(url, folder, names)
        # Who saw what the original did after the backup is told of a gap, and so is who saw all of the backup.
        for after in (last["position"], held["position"]):
            told = first_told(serve.port, after)
            assert (told["__typename"], int(told["position"])) == ("StreamGap", held["position"] + LEFT_OUT)
        assert first_told(serve.port, held["position"] - 1) == {
            "__typename": "TickChanged", "position": str(held["position"])
        }  # fmt: skip
    portal.call(execute, postgres_url, f"DROP DATABASE {name} WITH (FORCE)")
    assert last["position"] > held["position"]
    assert (found.lost, found.doubled) == (0, 0), found.problems
    assert [problem for problem in found.problems if not problem.startswith("stream ")] == []
