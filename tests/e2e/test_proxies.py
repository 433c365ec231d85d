"""Streams behind a proxy that was not told of them: it buffers answers, and cuts off what is silent for a while."""

import asyncio
import json
import shutil
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

import seeds
from e2e.nginx import EXAMPLE, nginx
from e2e.servers import free_port
from serving import Api, serving
from vedette.bus import Bus, topics
from vedette.domain.catalog import SensorStatus
from vedette.settings import Settings
from vedette.storage.database import Database

pytestmark = pytest.mark.skipif(
    shutil.which("nginx") is None, reason="nginx is not installed (apt-get install nginx-light)."
)
CUT_SECONDS = 1
# For several times as long nothing happens.
IDLE_SECONDS = 4.0
UNTOLD = {
    "proxy_buffering off;": "proxy_buffering on;",
    "proxy_read_timeout 60s;": f"proxy_read_timeout {CUT_SECONDS}s;",
}
TICKS = "subscription($after: StreamPosition) { ticks(after: $after) { ... on TickChanged { position } } }"


def test_the_usual_60_seconds_are_several_signs_of_life() -> None:
    assert "proxy_read_timeout 60s;" in EXAMPLE.read_text(encoding="utf-8")
    assert Settings().keep_alive_seconds * 4 < 60


async def by_stream(api: Api, told: "asyncio.Queue[str]") -> None:
    """Put the positions that an event stream tells into a queue."""
    headers = {"accept": "text/event-stream"}
    body = {"query": TICKS, "variables": {"after": "0"}}
    async with api.client.stream("POST", f"{api.url}/stream", json=body, headers=headers) as response:
        async for line in response.aiter_lines():
            if line.startswith("data: "):
                told.put_nowait(json.loads(line.removeprefix("data: "))["data"]["ticks"]["position"])


async def by_websocket(api: Api, told: "asyncio.Queue[str]") -> None:
    """Put the positions that a websocket tells into a queue."""
    async with api.subscribe(TICKS, after="0") as client:
        while True:
            told.put_nowait((await client.next(IDLE_SECONDS * 4))["ticks"]["position"])


async def test_each_item_comes_at_once_and_idle_streams_are_not_cut(
    database: Database, bus: Bus, tmp_path: Path
) -> None:
    await seeds.code_location(database)
    sensor = await seeds.sensor(database, default_status=SensorStatus.RUNNING)
    port = free_port()
    settings = Settings(poll_seconds=600, keep_alive_seconds=CUT_SECONDS / 4)
    with ExitStack() as stack:
        async with serving(database, bus, settings) as api, httpx.AsyncClient(timeout=60) as client:
            started: Any = nginx(tmp_path, port, api.address.rpartition(":")[2], changes=UNTOLD)
            await asyncio.to_thread(stack.enter_context, started)
            proxied = Api(f"http://localhost:{port}", client)
            queues: list[asyncio.Queue[str]] = [asyncio.Queue(), asyncio.Queue()]
            tasks = [
                asyncio.create_task(by(proxied, told))
                for by, told in zip((by_stream, by_websocket), queues, strict=True)
            ]
            for number in (1, 2, 3):
                await seeds.tick(database, sensor, number)
                bus.knock(topics.TICKS)
                async with asyncio.timeout(20):
                    assert [await told.get() for told in queues] == [str(number)] * 2
                await asyncio.sleep(IDLE_SECONDS if number == 1 else 0)
            assert not any(task.done() for task in tasks), "over the connections that they began with"
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            await asyncio.to_thread(stack.close)
