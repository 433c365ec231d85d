"""Subscriptions as Server-Sent Events, on /graphql/stream."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import httpx
import pytest

import seeds
from serving import Api, eventually, is_listened_to, serving
from vedette.bus import Bus, topics
from vedette.domain.access import Role
from vedette.domain.catalog import SensorStatus
from vedette.graphql import ids
from vedette.settings import Settings
from vedette.storage.database import Database

TICKS = """
subscription($after: StreamPosition) { ticks(after: $after) {
  __typename ... on TickChanged { position tick { number } } ... on StreamGap { position } } }
"""
EVENTS = "subscription($id: ID!) { runEvents(runId: $id) { ... on RunEventAdded { position event { kind } } } }"


@pytest.fixture
def settings() -> Settings:
    """Polling so seldom that only knocks are in time; a sign of life each moment."""
    return Settings(poll_seconds=600, keep_alive_seconds=0.05)


class Event(NamedTuple):
    name: str
    id: str | None
    data: Any


async def events(response: httpx.Response) -> AsyncIterator[Event]:
    """Yield the events of a stream as a browser reads them."""
    fields: dict[str, str] = {}
    async for line in response.aiter_lines():
        if not line:
            if fields.get("event"):
                data = fields.get("data", "")
                yield Event(fields["event"], fields.get("id"), json.loads(data) if data else None)
            fields = {}
        elif not line.startswith(":"):
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")


@asynccontextmanager
async def stream(api: Api, document: str, last: str | None = None, **variables: Any) -> AsyncIterator[Any]:
    headers = {"accept": "text/event-stream"} | ({} if last is None else {"last-event-id": last})
    body = {"query": document, "variables": variables}
    async with api.client.stream("POST", f"{api.url}/stream", json=body, headers=headers) as response:
        assert response.status_code == 200
        assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
        yield events(response)


async def take(events_of: AsyncIterator[Event], count: int) -> list[Event]:
    async with asyncio.timeout(20):
        return [await anext(events_of) for _ in range(count)]


async def seeded(database: Database, ticks: int) -> Any:
    await seeds.code_location(database)
    sensor = await seeds.sensor(database, default_status=SensorStatus.RUNNING)
    for number in range(1, ticks + 1):
        await seeds.tick(database, sensor, number)
    return sensor


async def test_it_tells_what_a_websocket_tells_with_the_position_as_id(api: Api, database: Database, bus: Bus) -> None:
    sensor = await seeded(database, 5)
    async with stream(api, TICKS, after="0") as told, api.subscribe(TICKS, after="0") as socket:
        await seeds.tick(database, sensor, 6)
        bus.knock(topics.TICKS)
        found = await take(told, 6)
        assert [event.data["data"] for event in found] == await socket.take(6)
    assert [(event.name, event.id) for event in found] == [("next", str(number)) for number in range(1, 7)]


async def test_last_event_id_resumes_on_any_server(api: Api, database: Database, bus: Bus, settings: Settings) -> None:
    await seeded(database, 9)
    async with stream(api, TICKS, after="0") as told:
        last = (await take(told, 4))[-1].id
    async with serving(database, bus, settings) as other, stream(other, TICKS, last, after="0") as told:
        assert [event.id for event in await take(told, 5)] == [str(number) for number in range(5, 10)]


async def test_history_that_is_gone_is_a_gap(api: Api, database: Database) -> None:
    await seeded(database, 5)
    await seeds.execute(database, "DELETE FROM tick_changes WHERE position <= 3")
    await seeds.execute(database, "UPDATE streams SET purged = 3 WHERE name = 'ticks'")
    async with stream(api, TICKS, "1") as told:
        gap, *rest = await take(told, 3)
    assert (gap.id, gap.data["data"]["ticks"]["__typename"]) == ("3", "StreamGap")
    assert [event.id for event in rest] == ["4", "5"]


async def test_a_run_that_ended_ends_its_stream(api: Api, database: Database) -> None:
    run = await seeds.run(database, 1)
    await seeds.run_event(database, run, "RUN_SUCCESS", "SUCCESS")
    async with stream(api, EVENTS, id=ids.encode("Run", run)) as told:
        assert [(event.name, event.id) async for event in told] == [("next", "1"), ("next", "2"), ("complete", None)]


async def test_queries_are_one_event(api: Api) -> None:
    async with stream(api, "{ codeLocations { id } }") as told:
        one, complete = [event async for event in told]
    assert (one.name, one.data["data"]) == ("next", {"codeLocations": []})
    assert complete == ("complete", None, None)


async def test_what_is_wrong_with_an_operation_is_told_in_its_stream(api: Api) -> None:
    for document, last, code in (
        ("{", None, "SYNTAX"),
        ("subscription { nothing }", None, "INVALID_DOCUMENT"),
        (TICKS, "99", "BAD_POSITION"),
        (TICKS, "x", "BAD_POSITION"),
    ):
        async with stream(api, document, last) as told:
            one, complete = [event async for event in told]
        assert [error["extensions"]["code"] for error in one.data["errors"]] == [code]
        assert complete.name == "complete"


async def test_what_is_no_request_for_a_stream_is_refused(api: Api) -> None:
    url, body = f"{api.url}/stream", {"query": TICKS}
    assert (await api.client.post(url, json=body, headers={"accept": "application/json"})).status_code == 406
    assert (await api.client.post(url, json={"query": 1})).status_code == 400
    assert (await api.client.post(url, content=b"{}", headers={"content-type": "text/plain"})).status_code == 415
    assert (await api.client.put(url, json=body)).status_code == 405


async def test_an_idle_stream_shows_that_it_is_alive_and_ends_with_its_client(api: Api, bus: Bus) -> None:
    body = {"query": TICKS}
    async with api.client.stream("POST", f"{api.url}/stream", json=body) as response:
        await eventually(lambda: is_listened_to(bus, topics.TICKS))
        lines = response.aiter_lines()
        async with asyncio.timeout(20):
            assert [await anext(lines) for _ in range(6)] == [":", ""] * 3
    await eventually(lambda: not is_listened_to(bus))


async def test_a_server_that_stops_ends_its_streams_at_once(database: Database, bus: Bus, settings: Settings) -> None:
    ended = asyncio.Event()

    async def follow(api: Api) -> None:
        async with stream(api, TICKS) as told:
            assert [event async for event in told] == []
        ended.set()

    async with asyncio.TaskGroup() as tasks:
        async with serving(database, bus, settings) as api:
            following = Api(api.address, httpx.AsyncClient(timeout=60))
            tasks.create_task(follow(following))
            await eventually(lambda: is_listened_to(bus, topics.TICKS))
        async with asyncio.timeout(20):
            await ended.wait()
    await following.client.aclose()


@asynccontextmanager
async def merged(api: Api, **operations: Any) -> AsyncIterator[Any]:
    """Follow several operations, (document, variables) by id, in one request."""
    body = {
        "operations": [
            {"id": name, "query": document, "variables": variables}
            for name, (document, variables) in operations.items()
        ]
    }
    headers = {"accept": "text/event-stream", **api.headers}
    async with api.client.stream("POST", f"{api.url}/stream", json=body, headers=headers) as response:
        assert response.status_code == 200
        yield events(response)


async def test_one_request_follows_several_operations_each_from_its_position(
    api: Api, database: Database, bus: Bus
) -> None:
    sensor = await seeded(database, 3)
    run = await seeds.run(database, 1)
    operations: Any = {
        "ticks": (TICKS, {"after": "1"}),
        "run": (EVENTS, {"id": ids.encode("Run", run)}),
        "wrong": ("subscription { nothing }", {}),
        "late": (TICKS, {"after": "3"}),
    }
    async with merged(api, **operations) as told:
        begun = await take(told, 5)
        await seeds.tick(database, sensor, 4)
        bus.knock(topics.TICKS)
        await seeds.run_event(database, run, "RUN_SUCCESS", "SUCCESS")
        bus.knock(topics.run_events(run))
        begun += await take(told, 4)
    by_id: dict[str, list[Any]] = {name: [] for name in operations}
    for event in begun:
        assert event.id is None
        by_id[event.data["id"]].append(event.data.get("payload", event.name))
    assert [item["data"]["ticks"]["position"] for item in by_id["ticks"]] == ["2", "3", "4"]
    assert [item["data"]["ticks"]["position"] for item in by_id["late"]] == ["4"]
    *items, ended = by_id["run"]
    assert [item["data"]["runEvents"]["event"]["kind"] for item in items] == ["RUN_QUEUED", "RUN_SUCCESS"]
    assert ended == "complete", "an operation that ends, ends alone"
    refused, ended = by_id["wrong"]
    assert (refused["errors"][0]["extensions"]["code"], ended) == ("INVALID_DOCUMENT", "complete")


async def test_several_operations_end_when_all_of_them_have(api: Api, database: Database) -> None:
    operations: Any = {"a": ("{ codeLocations { id } }", {}), "b": ("{ instance { version } }", {})}
    async with merged(api, **operations) as told:
        found = [event async for event in told]
    assert sorted((event.data["id"], event.name) for event in found) == [
        ("a", "complete"), ("a", "next"), ("b", "complete"), ("b", "next")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("operations", "code"),
    [
        ([], "BAD_REQUEST"),
        (None, "BAD_REQUEST"),
        ([{"query": TICKS}], "BAD_REQUEST"),
        ([{"id": "a", "query": TICKS}, {"id": "a", "query": TICKS}], "BAD_REQUEST"),
        ([{"id": str(number), "query": TICKS} for number in range(101)], "LIMIT_EXCEEDED"),
    ],
)
async def test_what_is_wrong_with_several_operations_is_refused(
    database: Database, bus: Bus, operations: Any, code: str
) -> None:
    settings = Settings(max_subscriptions_per_connection=100)
    async with serving(database, bus, settings) as api:
        answer = await api.client.post(
            f"{api.url}/stream", json={"operations": operations}, headers={"accept": "text/event-stream"}
        )
        assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (400, code)
        # Nothing of it was kept.
        async with stream(api, "{ codeLocations { id } }") as told:
            assert [event.name async for event in told] == ["next", "complete"]


async def test_a_revoked_token_ends_each_of_several(database: Database, bus: Bus) -> None:
    await seeds.token(database, "boss", Role.ADMIN)
    gone = ids.encode("ApiToken", await seeds.token(database, "gone"))
    revoke = "mutation($input: RevokeTokenInput!) { revokeToken(input: $input) { errors { __typename } } }"
    async with serving(database, bus, Settings(poll_seconds=600, authentication="tokens")) as api:
        operations: Any = {"a": (TICKS, {}), "b": ("subscription { instance { version } }", {})}
        async with merged(api.shown("vdt_gone"), **operations) as told:
            await take(told, 1)
            await api.shown("vdt_boss").query(revoke, input={"tokenId": gone})
            async with asyncio.timeout(5):
                found = [event async for event in told]
    refused = {event.data["id"] for event in found if "UNAUTHENTICATED" in str(event.data)}
    assert refused == {"a", "b"}
