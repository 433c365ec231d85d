"""A stream that a server process told goes on, by its position, at another one: nothing is missed or told twice."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

import seeds
from e2e.servers import free_port, wait_until
from e2e.subscriptions import subscribe
from e2e.test_processes import process
from vedette.domain.catalog import SensorStatus
from vedette.storage.database import Database

TICKS = """
subscription($after: StreamPosition) {
  ticks(after: $after) { ... on TickChanged { position tick { number } } }
}
"""


@contextmanager
def over_a_websocket(url: str, after: str) -> Iterator[Iterator[Any]]:
    """Yield the items of `ticks` after a position."""
    with subscribe(url, TICKS, after=after) as subscription:
        yield (subscription.next()["ticks"] for _ in iter(int, 1))


@contextmanager
def as_an_event_stream(url: str, after: str) -> Iterator[Iterator[Any]]:
    """Yield the items of `ticks` after a position, which the header alone tells."""
    headers = {"accept": "text/event-stream", "last-event-id": after}
    body = {"query": TICKS, "variables": {"after": "0"}}
    with httpx.stream("POST", f"{url}/stream", json=body, headers=headers, timeout=30) as response:
        assert response.status_code == 200
        data = (line.removeprefix("data: ") for line in response.iter_lines() if line.startswith("data: "))
        yield (json.loads(line)["data"]["ticks"] for line in data)


def answers(url: str) -> bool:
    try:
        return httpx.post(url, json={"query": "{ instance { version } }"}, timeout=30).status_code == 200
    except httpx.TransportError:
        return False


async def written(database: Database, sensor: UUID, *numbers: int) -> None:
    for number in numbers:
        await seeds.tick(database, sensor, number)


@pytest.mark.parametrize("following", [over_a_websocket, as_an_event_stream])
async def test_a_stream_goes_on_at_another_server_process(database: Database, tmp_path: Path, following: Any) -> None:
    await seeds.code_location(database)
    sensor = await seeds.sensor(database, default_status=SensorStatus.RUNNING)
    await written(database, sensor, 1, 2, 3)
    environ = {"VEDETTE_DATABASE_URL": database.url, "VEDETTE_POLL_SECONDS": "0.2"}
    ports = [str(free_port()) for _ in range(2)]
    urls = [f"http://127.0.0.1:{port}/graphql" for port in ports]
    with ExitStack() as stack:
        first, _ = [
            stack.enter_context(process(tmp_path / "log.txt", "serve", VEDETTE_PORT=port, **environ)) for port in ports
        ]
        for url in urls:
            wait_until(partial(answers, url), "an answer")
        with following(urls[0], "0") as items:
            told = [next(items) for _ in range(2)]
            # Killed in the middle: the third may be on its way.
            first.kill()
            first.wait(30)
        await written(database, sensor, 4, 5)
        with following(urls[1], told[-1]["position"]) as items:
            told += [next(items) for _ in range(3)]
            await written(database, sensor, 6)
            told.append(next(items))
    assert [int(item["position"]) for item in told] == [1, 2, 3, 4, 5, 6]
    assert [item["tick"]["number"] for item in told] == [1, 2, 3, 4, 5, 6]
