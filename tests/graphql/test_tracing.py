"""Traces as a client of the API and an operator see them: the id in answers and logs, a span for each operation."""

import asyncio
import json
import logging
from typing import Any

import pytest

import seeds
from scraping import scrape, value
from serving import Api, Subscription, eventually
from vedette.graphql.documents.operation_names import MOST_NAMES
from vedette.storage.database import Database
from vedette.telemetry import tracing
from vedette.telemetry.logs import JsonFormatter, _follow
from vedette.telemetry.tracing import Span

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE_ID}-00f067aa0ba902b7-01"
NAMES = "query Names { sensors { edges { node { name } } } }"
FOLLOW = "subscription Follow { ticks { __typename } }"


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> list[Span]:
    """What would be exported."""
    taken: list[Span] = []
    monkeypatch.setattr(tracing._exporting, "export", taken.append)
    monkeypatch.setattr(tracing._exporting, "share", 1.0)
    return taken


async def asked(api: Api, body: Any, parent: str | None = None, **headers: str) -> tuple[str, Any]:
    """Return the id that an answer has in its headers, and the answer."""
    sent = {**headers, **({} if parent is None else {"traceparent": parent})}
    response = await api.client.post(api.url, json=body, headers=sent)
    return response.headers["x-request-id"], response.json()


async def test_each_answer_tells_its_trace_to_whoever_asked(api: Api) -> None:
    told, answer = await asked(api, {"query": NAMES}, PARENT)
    assert answer["extensions"]["traceId"] == told == TRACE_ID
    # Those that are answered by one execution are told each its own.
    answers = await asyncio.gather(*(asked(api, {"query": NAMES}) for _ in range(8)))
    assert all(answer["extensions"]["traceId"] == told for told, answer in answers)
    assert len({told for told, _ in answers}) == 8


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ({"query": "{ nothing }"}, {}),
        ({"query": "{"}, {}),
        ({"query": '{ sensor(by: {id: "x"}) { name } }'}, {}),
        ({"variables": 3}, {}),
        ({"query": NAMES}, {"accept": "image/png"}),
        ({"query": NAMES}, {"content-type": "text/plain"}),
        ({"query": NAMES}, {"origin": "http://elsewhere.example"}),
    ],
)
async def test_so_does_an_answer_that_has_errors(api: Api, body: Any, headers: dict[str, str]) -> None:
    told, answer = await asked(api, body, PARENT, **headers)
    assert answer["errors"]
    assert answer["extensions"]["traceId"] == told == TRACE_ID


async def test_over_a_websocket_each_operation_has_the_trace_that_it_gives(api: Api) -> None:
    async with api.connect() as socket:
        subscription = Subscription(socket)
        await subscription.start(NAMES)
        first = (await subscription.receive())["payload"]["extensions"]["traceId"]
        assert (await subscription.receive())["type"] == "complete"
        payload = {"query": NAMES, "extensions": {"traceparent": PARENT}}
        await subscription.send({"id": "2", "type": "subscribe", "payload": payload})
        second = (await subscription.receive())["payload"]["extensions"]["traceId"]
    assert second == TRACE_ID
    assert len(first) == 32
    assert first != second


async def test_what_the_server_logs_of_an_operation_names_its_trace(
    api: Api, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    await seeds.code_location(database)
    caplog.handler.addFilter(_follow)
    caplog.set_level(logging.INFO)
    mutation = 'mutation Stop { stopSensor(input: {sensorId: "x"}) { errors { message } } }'
    _, answer = await asked(api, {"query": mutation}, PARENT)
    lines = [json.loads(JsonFormatter().format(record)) for record in caplog.records]
    [line] = [line for line in lines if line["message"].startswith("Mutation Stop:")]
    assert line["trace_id"] == answer["extensions"]["traceId"] == TRACE_ID


async def test_each_operation_is_a_span_below_its_client_s(api: Api, spans: list[Span]) -> None:
    await asked(api, {"query": NAMES}, PARENT)
    await asked(api, {"query": 'query Odd { sensor(by: {id: "x"}) { name } }'})
    async with api.connect() as socket:
        subscription = Subscription(socket)
        await subscription.send({"type": "connection_init"})
        await subscription.receive()
        payload = {"query": FOLLOW, "extensions": {"traceparent": PARENT}}
        await subscription.send({"id": "1", "type": "subscribe", "payload": payload})
        while value(await scrape(api), "vedette_api_open", what="subscriptions") != 1:
            pass
        await subscription.send({"id": "1", "type": "complete"})
        await eventually(lambda: len(spans) == 3)
    names, odd, follow = spans
    assert [(one.name, one.kind, one.error) for one in spans] == [
        ("query Names", "SERVER", None),
        ("query Odd", "SERVER", "errors"),
        ("subscription Follow", "SERVER", None),
    ]
    for one in (names, follow):
        assert (one.place.trace_id, one.parent_id) == (TRACE_ID, "00f067aa0ba902b7")
    assert names.attributes == {"graphql.operation.name": "Names", "graphql.operation.type": "query"}
    assert odd.parent_id is None
    assert all(0 <= one.ended - one.began < 60 for one in spans)


async def test_spans_have_few_names_whatever_clients_call_their_operations(api: Api, spans: list[Span]) -> None:
    for number in range(MOST_NAMES + 20):
        await asked(api, {"query": NAMES.replace("Names", f"Names{number}")})
    assert len(spans) == MOST_NAMES + 20
    assert len({one.name for one in spans}) == MOST_NAMES + 1
    assert spans[-1].name == "query other"
