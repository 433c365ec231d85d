"""The clients that people use, on running servers: each follows every subscription across kills of these.

A server is killed (-9) between items; the clients go on, by position, at another one on the same database; that is
killed as well, and they go on at the first, which was started again. Meanwhile things happen, also while no server is
there, and history is dropped that nobody has been told.
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

import seeds
from contracts import node
from contracts.driving import Driven, driven
from e2e.servers import free_port, wait_until
from e2e.test_processes import process
from serving import eventually
from vedette.client import Client
from vedette.domain.catalog import SensorSpec
from vedette.graphql import ids
from vedette.graphql.schema import schema
from vedette.storage import streams
from vedette.storage.database import Database

GQL = "gql[httpx,websockets]==4.0.0"
FOLDER = Path(__file__).parent
UV = str(Path(sys.executable).parent / "uv")
OF_NODE = ("graphql-ws", "graphql-sse", "urql", "apollo")
# gql wants other versions of our libraries, so it has an environment of its own.
COMMANDS = {
    "node": [str(node.NODE), str(FOLDER / "clients.mjs")],
    "gql": [UV, "run", "--isolated", "--no-project", "--with", GQL, "python", str(FOLDER / "gql_client.py")],
}
OTHERS = {*OF_NODE, "gql"}
CLIENTS = {*OTHERS, "vedette.client"}
FIELDS = schema._schema.subscription_type.fields  # type: ignore[union-attr]  # there is one
# They tell how things stand.
STANDING = {"pulses", "instance"}
ENDING = {"runEvents", "tickLogs"}
# Of a sensor that changes several times only the last is told.
FOLDED = {"sensors"}
PLACED = set(FIELDS) - STANDING
# What each takes besides the position.
ARGUMENTS = {"runEvents": "runId: $id", "tickLogs": "tickId: $id", "pulses": "sensorIds: [$id]"}
POSITIONS = "{ instance { positions { ticks sensors runs assetEvents: assets auditLog: audit } } }"
START = "mutation($id: ID!) { startSensor(input: {sensorId: $id}) { errors { message } } }"
SECONDS = 60.0


def document(field: str) -> str:
    """Return the subscription of a field."""
    kinds = getattr(schema._schema.type_map[str(FIELDS[field].type).rstrip("!")], "types", ())
    shown = " ".join(f"... on {kind.name} {{ position }}" for kind in kinds)
    arguments = [ARGUMENTS[field]] if field in ARGUMENTS else []
    declared = ["$id: ID!"] if arguments else []
    if field not in STANDING:
        arguments.append("after: $after")
        declared.append("$after: StreamPosition")
    of = f"({', '.join(arguments)})" if arguments else ""
    asked = f"({', '.join(declared)})" if declared else ""
    return f"subscription{asked} {{ {field}{of} {{ __typename {shown} }} }}"


class World:
    """What there is to tell of, and the server that can be asked."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waves = 0
        self.address = ""

    async def begin(self) -> None:
        """Add a sensor, a run and a tick that go on."""
        await seeds.code_location(self._database)
        specs = [SensorSpec(name=name) for name in ("inbox", *(f"s{number}" for number in range(9)))]
        self.inbox, *self._sensors = await seeds.sensors(self._database, specs)
        self._run = await seeds.run(self._database, 0)
        self._tick = await seeds.tick(self._database, self.inbox, 1, "STARTED")

    def variables(self, field: str) -> dict[str, Any]:
        """Return what a subscription is about."""
        about = {"runEvents": ("Run", self._run), "tickLogs": ("Tick", self._tick), "pulses": ("Sensor", self.inbox)}
        return {"id": ids.encode(*about[field])} if field in about else {}

    async def happen(self) -> None:
        """Let something happen that each stream tells of; the audit log only where there is a server."""
        self._waves += 1
        await seeds.tick(self._database, self.inbox, self._waves + 1)
        await seeds.run(self._database, self._waves)
        await seeds.asset_event(self._database, "orders")
        await seeds.run_event(self._database, self._run, "LOG", message="on", level="INFO", logger="x")
        line = """INSERT INTO tick_logs (tick_id, seq, status, at, level, logger, message)
            VALUES (:tick, :seq, 'STARTED', now(), 'INFO', 'user', 'on')"""
        await seeds.execute(self._database, line, tick=self._tick, seq=self._waves)
        async with self._database.writing() as connection:
            await streams.append_sensors(connection, [self._sensors[self._waves]])
        if self.address:
            await self.query(START, id=ids.encode("Sensor", self._sensors[0]))

    async def end(self) -> None:
        """Let the run and the tick end."""
        await seeds.run_event(self._database, self._run, "RUN_SUCCESS", "SUCCESS")
        await seeds.end_tick(self._database, self._tick, "SUCCESS")

    async def lose(self) -> int:
        """Drop the newest changes of ticks, and return the position up to which they are gone."""
        [(gone,)] = await seeds.execute(self._database, "SELECT position FROM streams WHERE name = 'ticks'")
        await seeds.execute(self._database, "DELETE FROM tick_changes WHERE position <= :gone", gone=gone)
        await seeds.execute(self._database, "UPDATE streams SET purged = :gone WHERE name = 'ticks'", gone=gone)
        return int(gone)

    async def query(self, text: str, **variables: Any) -> Any:
        """Ask the server."""
        async with httpx.AsyncClient(timeout=60) as client:
            answer = await client.post(self.address, json={"query": text, "variables": variables})
        return answer.json()["data"]

    async def positions(self) -> dict[str, int]:
        """Return how far each stream has come."""
        reached = (await self.query(POSITIONS))["instance"]["positions"]
        [(events,)] = await seeds.execute(self._database, "SELECT event_count FROM runs WHERE id = :id", id=self._run)
        return {**{name: int(at) for name, at in reached.items()}, "runEvents": events, "tickLogs": self._waves}


class Heard:
    """What the clients were told, by client and field."""

    def __init__(self) -> None:
        self.begun: dict[str, Any] = {}
        self.items: dict[tuple[str, str], list[Any]] = {(name, field): [] for name in CLIENTS for field in FIELDS}
        self.ended: set[tuple[str, str]] = set()

    async def listen(self, client: Driven) -> None:
        """Take in what one says, until it is killed."""
        while True:
            self.take(await client.heard())

    def take(self, said: Any) -> None:
        """Take one thing in."""
        if "field" not in said:
            self.begun[said["client"]] = said
        elif "item" in said:
            self.items[said["client"], said["field"]].append(said["item"])
        elif "ended" in said:
            self.ended.add((said["client"], said["field"]))

    async def follow(self, address: str, field: str, variables: Any) -> None:
        """Have `vedette.client` follow a field."""
        name = "vedette.client"
        async with Client(address) as client:
            after = None if field in STANDING else "0"
            async for item in client.subscribe(document(field), field, after, **variables):
                self.items[name, field].append(item)
        self.ended.add((name, field))

    def positions(self, name: str, field: str) -> list[int]:
        """Return the positions of what one was told."""
        return [int(item["position"]) for item in self.items[name, field]]

    def have(self, reached: dict[str, int], names: set[str]) -> bool:
        """Tell whether clients were told of everything up to where the streams have come."""
        return all([0, *self.positions(name, field)][-1] >= reached[field] for name in names for field in PLACED)

    def standing(self) -> dict[tuple[str, str], int]:
        """Return how often each was told how things stand."""
        return {key: len(items) for key, items in self.items.items() if key[1] in STANDING}

    def verify(self, name: str, field: str, gone: int, reached: int) -> None:
        """Fail unless a client was told of everything in order, once, or that it is gone."""
        last = 0
        for item in self.items[name, field]:
            position = int(item["position"])
            if item["__typename"] == "StreamGap":
                assert (field, position) == ("ticks", gone), name
            else:
                assert position > last if field in FOLDED else position == last + 1, (name, field, position, last)
            last = position
        # There may be more by now: sensors are told when they are late, the audit log soon after a mutation.
        assert last >= reached if field in {"sensors", "auditLog"} else last == reached, (name, field)


@asynccontextmanager
async def server(log: Path, port: int, database: Database) -> AsyncIterator[Any]:
    """Run a server of the API as a process of its own; leaving kills it."""
    environ = {"VEDETTE_DATABASE_URL": database.url, "VEDETTE_PORT": str(port), "VEDETTE_POLL_SECONDS": "0.2"}
    with process(log, "serve", **environ) as running:
        await asyncio.to_thread(wait_until, lambda: _answers(port), "an answer", 60)
        yield running
        running.kill()
        await asyncio.to_thread(running.wait, 30)


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=30).status_code == 200
    except httpx.TransportError:
        return False


@asynccontextmanager
async def listening(heard: Heard, address: str) -> AsyncIterator[list[Driven]]:
    """Run the clients that are processes of their own while the block runs."""
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(driven([*command, address], os.environ)) for command in COMMANDS.values()
        ]
        tasks = [asyncio.create_task(heard.listen(client)) for client in clients]
        yield clients
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        for task in tasks:
            assert task.cancelled(), task.exception()


@pytest.mark.slow
@pytest.mark.usefixtures("node_packages")
async def test_every_client_follows_every_subscription_across_kills(database: Database, tmp_path: Path) -> None:
    world, heard = World(database), Heard()
    await world.begin()
    ports = [free_port(), free_port()]
    urls = [f"http://127.0.0.1:{port}/graphql" for port in ports]
    log = tmp_path / "log.txt"
    wanted = {
        field: {
            "document": document(field),
            "variables": world.variables(field),
            "after": None if field in STANDING else "0",
        }
        for field in FIELDS
    }
    async with AsyncExitStack() as first, AsyncExitStack() as second:
        await asyncio.gather(
            first.enter_async_context(server(log, ports[0], database)),
            second.enter_async_context(server(log, ports[1], database)),
        )
        world.address = urls[0]
        async with listening(heard, urls[0]) as clients, asyncio.TaskGroup() as tasks:
            await eventually(lambda: set(heard.begun) == OTHERS, SECONDS)
            for begun in heard.begun.values():
                assert "inbox" in begun["sensors"]
                assert (begun["startSensor"]["sensor"]["status"], begun["startSensor"]["errors"]) == ("RUNNING", [])
            for client in clients:
                await client.tell(f"follow {json.dumps(wanted)}")
            following = [
                tasks.create_task(heard.follow(urls[0], field, one["variables"])) for field, one in wanted.items()
            ]
            await world.happen()
            reached = await world.positions()
            await eventually(lambda: heard.have(reached, CLIENTS), SECONDS)

            # Killed in the midst: they go on at the other, but for `vedette.client`, whose server comes back.
            await world.happen()
            await first.aclose()
            world.address = ""
            await world.happen()
            world.address = urls[1]
            for client in clients:
                await client.tell(f"url {urls[1]}")
            reached, stood = await world.positions(), heard.standing()
            await eventually(lambda: heard.have(reached, OTHERS), SECONDS)

            # And back, where something is gone by then.
            await world.happen()
            await second.aclose()
            world.address = ""
            await world.happen()
            gone = await world.lose()
            await world.happen()
            await first.enter_async_context(server(log, ports[0], database))
            world.address = urls[0]
            for client in clients:
                await client.tell(f"url {urls[0]}")
            await world.happen()
            await world.end()
            reached = await world.positions()
            await eventually(lambda: heard.have(reached, CLIENTS), SECONDS)
            ends = {(name, field) for name in CLIENTS for field in ENDING}
            await eventually(lambda: heard.ended >= ends, SECONDS)
            await eventually(lambda: all(heard.standing()[key] > count for key, count in stood.items()), SECONDS)
            for task in following:
                task.cancel()
    assert heard.ended == ends, "the other streams have no end"
    for name in CLIENTS:
        for field in PLACED:
            heard.verify(name, field, gone, reached[field])
