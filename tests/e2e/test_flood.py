"""Clients that keep the API busy for several leases: the evaluator of the same process holds what it holds."""

import asyncio
import json
import time

import pytest
from graphql import get_introspection_query
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from e2e.servers import DevServer, wait_until
from vedette.storage.connecting import connect as connect_database
from vedette.storage.embedded.postgres import EmbeddedPostgres

PROJECT = """
from vedette import *

@sensor(minimum_interval_seconds=0.2, default_status=DefaultSensorStatus.RUNNING)
def watcher(context):
    context.update_cursor(str(int(context.cursor or 0) + 1))
    return SkipReason("looked")
"""
CURSOR = '{ sensor(by: {name: {name: "watcher"}}) { cursor { value } } }'
LEASE_SECONDS = 4.0
FLOOD_SECONDS = 3 * LEASE_SECONDS
SOCKETS = 8
OPERATIONS = 40


def looks(server: DevServer) -> int:
    """Return how often the sensor was evaluated."""
    sensor = server.query(CURSOR)["sensor"]
    return int(sensor["cursor"]["value"] or 0) if sensor else 0


async def _flood_once(url: str) -> None:
    async with connect(url, subprotocols=[Subprotocol("graphql-transport-ws")]) as socket:
        await socket.send(json.dumps({"type": "connection_init"}))
        await socket.recv()
        payload = {"query": get_introspection_query()}
        for number in range(OPERATIONS):
            await socket.send(json.dumps({"type": "subscribe", "id": str(number), "payload": payload}))
        for _ in range(OPERATIONS):
            await socket.recv()


async def _flood(url: str) -> None:
    """Ask for the whole schema, as often as the server answers, on many sockets at a time."""
    until = time.monotonic() + FLOOD_SECONDS

    async def client() -> None:
        while time.monotonic() < until:
            try:
                await _flood_once(url)
            except (ConnectionClosed, OSError, TimeoutError):
                await asyncio.sleep(0.1)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(SOCKETS):
            tasks.create_task(client())


async def _epochs(server: DevServer) -> set[int]:
    async with EmbeddedPostgres(server.home) as postgres:
        connection = await connect_database(postgres.url)
        try:
            return {row["epoch"] for row in await connection.fetch("SELECT epoch FROM leases WHERE holder IS NOT NULL")}
        finally:
            await connection.close()


@pytest.mark.slow
def test_a_flood_of_the_api_makes_no_lease_late(dev_server: DevServer) -> None:
    dev_server.write(PROJECT)
    dev_server.start(VEDETTE_LEASE_SECONDS=str(LEASE_SECONDS))
    wait_until(lambda: looks(dev_server), "the first tick")
    before = asyncio.run(_epochs(dev_server))
    looked = looks(dev_server)

    asyncio.run(_flood(dev_server.url.replace("http", "ws")))

    # A lease that was renewed too late counts as taken anew.
    assert asyncio.run(_epochs(dev_server)) == before
    assert "renew leases" not in dev_server.log.read_text()
    # It went on meanwhile, not only afterwards.
    assert looks(dev_server) - looked > 10
