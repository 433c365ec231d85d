"""The clients that people use, each on a running server that restarts in the middle of a subscription."""

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

import seeds
from contracts import node
from contracts.driving import driven
from contracts.restarting import restarting
from graphql_documents import seeded
from vedette.bus import Bus, topics
from vedette.graphql import ids
from vedette.settings import Settings
from vedette.storage.database import Database

GQL = "gql[httpx,websockets]==4.0.0"
FOLDER = Path(__file__).parent
UV = str(Path(sys.executable).parent / "uv")


def of_node(name: str) -> Sequence[str]:
    return [str(node.NODE), str(FOLDER / "clients.mjs"), name]


# gql wants other versions of our libraries, so it has an environment of its own.
COMMANDS = {
    **{name: of_node(name) for name in ("graphql-ws", "urql", "apollo", "graphql-sse")},
    "gql": [UV, "run", "--isolated", "--no-project", "--with", GQL, "python", str(FOLDER / "gql_client.py")],
}


@pytest.mark.usefixtures("node_packages")
@pytest.mark.parametrize("name", COMMANDS)
async def test_a_client_queries_mutates_and_follows_across_a_restart(database: Database, bus: Bus, name: str) -> None:
    async with seeded(database, bus) as world, restarting(database, bus, Settings(poll_seconds=0.2)) as server:
        sensor = ids.decode_uuid("Sensor", world.sensor)

        async def tick(*numbers: int) -> None:
            for number in numbers:
                await seeds.tick(database, sensor, number)
            bus.knock(topics.TICKS)

        await tick(1, 2)
        async with driven([*COMMANDS[name], f"{server.address}/graphql"], os.environ) as client:
            assert await client.heard() == {"sensors": ["inbox"]}
            started = await client.heard()
            assert (started["sensor"]["status"], started["errors"]) == ("RUNNING", [])
            assert await client.numbers(2) == [1, 2]
            await tick(3)
            assert await client.numbers(1) == [3]
            async with asyncio.timeout(30):
                await server.stop()
            await tick(4)
            await server.start()
            await tick(5)
            assert await client.numbers(2) == [4, 5]
