"""Attacks on a server that is set up as docs/access.md advises for hostile neighbourhoods: refused, or bounded.

Each attack's cost, in CPU milliseconds of the process that the server and its clients share, goes to the file that
`ATTACK_RESULTS` names; what is asserted is what it is bounded by, as times on other machines are others.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from graphql import get_introspection_query

import seeds
from graphql_documents import seeded
from serving import Api, eventually, serving
from vedette.bus import Bus
from vedette.domain.access import Role
from vedette.domain.catalog import SensorSpec
from vedette.graphql.documents.limits import Limits, Measure
from vedette.graphql.documents.operations import parsed
from vedette.settings import Settings
from vedette.storage.access import tokens
from vedette.storage.database import Database

HARDENED = Settings(authentication="tokens", introspection="nobody", request_seconds=1.0)
TIMES = 20
# `ATTACKS=all` opens as many as the manual speaks of. Both ends are in this process, which has 26 files besides, and
# often may have 1,024.
IDLE = 10_000 if os.environ.get("ATTACKS") == "all" else 480
MUTATION = 'mutation { addDynamicPartition(input: {partitionsDefinition: "a", key: "b"}) { errors { message } } }'

Record = Callable[[str, object], None]


@pytest.fixture
async def api(database: Database, bus: Bus) -> AsyncIterator[Api]:
    await seeds.token(database, "boss", Role.ADMIN)
    async with serving(database, bus, HARDENED) as api:
        yield api.shown("vdt_boss")


@pytest.fixture
def record() -> Record:
    """Return what notes a figure under its name."""
    file = os.environ.get("ATTACK_RESULTS")

    def note(name: str, value: object) -> None:
        if file is not None:
            with Path(file).open("a", encoding="utf-8") as results:
                results.write(f"{name}: {value}\n")

    return note


@contextmanager
def measured(record: Record, what: str, requests: int) -> Iterator[None]:
    began = time.process_time()
    yield
    record(f"{what}: CPU ms a request", round(1000 * (time.process_time() - began) / requests, 3))


def deep(levels: int) -> str:
    return (
        "{ codeLocations { " + "sensors { edges { node { codeLocation { " * levels + "id" + " } } } }" * levels + " } }"
    )


COSTLY = """{ sensors(first: 100) { edges { node { ticks(first: 100) { edges { node { runs(first: 100) { edges { node {
    id } } } } } } } } } }"""
DOCUMENTS = {
    "aliases": ("{ " + " ".join(f"a{number}: __typename" for number in range(1000)) + " }", "LIMIT_EXCEEDED"),
    "directives": ("{ __typename " + "@include(if: true) " * 1000 + "}", "LIMIT_EXCEEDED"),
    "unknown directives": ("{ __typename " + "@aa " * 1000 + "}", "LIMIT_EXCEEDED"),
    "depth": (deep(30), "LIMIT_EXCEEDED"),
    "width": ("{ codeLocations { " + "id " * 1500 + "} }", "LIMIT_EXCEEDED"),
    "tokens": ("{ " + "a " * 100_000 + "}", "LIMIT_EXCEEDED"),
    "cost": (COSTLY, "LIMIT_EXCEEDED"),
    "circular fragments": ("{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }", "INVALID_DOCUMENT"),
    "introspection": (get_introspection_query(), "INVALID_DOCUMENT"),
    "a part of introspection": ('{ __type(name: "Query") { fields { name } } }', "INVALID_DOCUMENT"),
    "suggestions": ("{ sensorz { id } }", "INVALID_DOCUMENT"),
}  # fmt: skip


@pytest.mark.parametrize("attack", DOCUMENTS)
async def test_a_document_is_refused_before_it_costs_much(api: Api, attack: str, record: Record) -> None:
    document, code = DOCUMENTS[attack]
    with measured(record, attack, TIMES):
        for number in range(TIMES):
            # No two alike: what is remembered of one is of no use for the next.
            answer = await api.answer(f"{document} # {number}")
            assert "data" not in answer
            assert {error["extensions"]["code"] for error in answer["errors"]} <= {code, "MORE_ERRORS"}
            assert len(answer["errors"]) <= HARDENED.max_errors + 1
            assert "Did you mean" not in str(answer)


async def test_values_are_not_suggested_either(api: Api) -> None:
    for document, variables in (
        ("query($a: SensorFilter) { sensors(filter: $a) { edges { cursor } } }", {"a": {"statu": "RUNNING"}}),
        ("query($a: SensorFilter) { sensors(filter: $a) { edges { cursor } } }", {"a": {"status": "RUNNIN"}}),
        ("{ sensors(filter: {statu: RUNNING}) { edges { cursor } } }", {}),
    ):
        answer = await api.answer(document, **variables)
        assert answer["errors"]
        assert "Did you mean" not in str(answer)


def test_a_bomb_of_fragments_is_measured_in_steps_that_grow_with_its_length() -> None:
    def bomb(levels: int) -> str:
        parts = [f"fragment F{at} on Query {{ ...F{at + 1} ...F{at + 1} }}" for at in range(levels)]
        return "{ ...F0 } " + " ".join(parts) + f" fragment F{levels} on Query {{ __typename }}"

    steps = []
    for levels in (10, 20, 40):
        document = parsed(bomb(levels), Limits.of(HARDENED).max_tokens)
        measure = Measure(document)
        [operation, *_] = document.definitions
        assert measure.selection(getattr(operation, "selection_set", None)).fields == 2**levels
        steps.append(measure.steps)
    assert steps[2] - steps[1] == 2 * (steps[1] - steps[0])


async def test_an_answer_does_not_repeat_a_long_name_in_each_error(api: Api) -> None:
    name = "a" * 200_000
    wrong = " ".join(f"x{number}: tick(id: $v{number}) {{ id }}" for number in range(19))
    answer = await api.client.post(api.url, json={"query": f"query {name} {{ {wrong} }}"}, headers=api.headers)
    assert len(answer.json()["errors"]) == 19
    assert len(answer.content) < 40_000


async def test_operations_are_not_batched(api: Api) -> None:
    batch = [{"query": "{ __typename }"}] * 100
    answer = await api.client.post(api.url, json=batch, headers=api.headers)
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (400, "BAD_REQUEST")


FORGED: list[tuple[str, dict[str, Any]]] = [
    ("GET", {"params": {"query": MUTATION}}),
    ("POST", {"data": {"query": MUTATION}}),
    ("POST", {"files": {"query": (None, MUTATION)}}),
    ("POST", {"content": '{"query": "{ __typename }"}', "headers": {"content-type": "text/plain"}}),
    ("POST", {"json": {"query": MUTATION}, "headers": {"origin": "https://evil.example"}}),
    ("GET", {"params": {"query": "{ __typename }"}, "headers": {"sec-fetch-site": "cross-site"}}),
]


@pytest.mark.parametrize("number", range(len(FORGED)))
async def test_what_another_site_can_send_does_nothing(api: Api, database: Database, number: int) -> None:
    method, sent = FORGED[number]
    sent = {**sent, "headers": {**api.headers, **sent.get("headers", {})}}
    answer = await api.client.request(method, api.url, **sent)
    assert answer.status_code in {400, 403, 405, 415}
    assert [tuple(row) for row in await seeds.execute(database, "SELECT count(*) FROM audit_log")] == [(0,)]


async def test_a_body_is_read_no_further_than_its_limit(api: Api, record: Record) -> None:
    sent = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(1000):
            sent += 2**20
            yield b"a" * 2**20

    with measured(record, "a body without end", 1):
        try:
            answer = await api.client.post(
                api.url, content=body(), headers={**api.headers, "content-type": "application/json"}
            )
            assert answer.status_code == 413
        except httpx.TransportError:
            # It was hung up on before it had read the answer.
            pass
    assert sent < 100 * 2**20


async def test_who_is_not_recognised_costs_one_look_a_second(
    api: Api, monkeypatch: pytest.MonkeyPatch, record: Record
) -> None:
    looked = 0
    recognise = tokens.recognise

    async def counted(*arguments: Any) -> Any:
        nonlocal looked
        looked += 1
        return await recognise(*arguments)

    monkeypatch.setattr(tokens, "recognise", counted)
    began = time.monotonic()
    with measured(record, "a token that is none", 200):
        for _ in range(200):
            answer = await api.client.post(api.url, content=b"{" * 100, headers={
                "authorization": "Bearer vdt_guessed", "content-type": "application/json"})  # fmt: skip
            assert answer.status_code == 401
    assert looked <= time.monotonic() - began + 1


async def test_guessed_tokens_do_not_fill_the_memory(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vedette.access.authenticator.MOST_REMEMBERED", 50)
    for number in range(120):
        headers = {"authorization": f"Bearer vdt_{number}"}
        assert (await api.client.post(api.url, json={}, headers=headers)).status_code == 401
    # Whoever is good is not kept out by those who are not.
    assert (await api.query("{ viewer { name } }"))["viewer"]["name"] == "boss"


async def test_clients_that_say_nothing_are_hung_up_on_and_others_are_served(api: Api, record: Record) -> None:
    host, port = api.address.removeprefix("http://").split(":")
    # What one client needs is open then: a connection of its own, and one of the database's pool.
    await api.query("{ viewer { name } }")
    before, files = psutil.Process().memory_info().rss, psutil.Process().num_fds()
    with measured(record, "an idle socket", IDLE):
        connections = [await asyncio.open_connection(host, int(port)) for _ in range(IDLE)]
        assert (await api.query("{ viewer { name } }"))["viewer"]["name"] == "boss"
        record("an idle socket, both ends: KiB", round((psutil.Process().memory_info().rss - before) / IDLE / 1024, 1))
        for reader, writer in connections:
            async with asyncio.timeout(30 + HARDENED.request_seconds):
                # Refused as one too many, or ended for its silence.
                await reader.read()
            writer.close()
    await eventually(lambda: psutil.Process().num_fds() <= files)


async def test_clients_that_dribble_are_hung_up_on(api: Api) -> None:
    host, port = api.address.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = f"POST /graphql HTTP/1.1\r\nhost: {host}\r\nx: ".encode()
    ended = asyncio.create_task(reader.read())
    for byte in head + b"a" * 1000:
        if ended.done():
            break
        try:
            writer.write(bytes([byte]))
            await writer.drain()
        except OSError:
            break
        await asyncio.sleep(0.01)
    await eventually(ended.done)
    writer.close()


WHO = "{ viewer { name } }"
QUOTAS = HARDENED.model_copy(update={"token_requests_per_minute": 30, "token_cost_per_minute": 210, "token_streams": 2})


async def test_a_token_has_so_many_requests_a_minute(database: Database, bus: Bus) -> None:
    for name in ("greedy", "modest"):
        await seeds.token(database, name)
    async with serving(database, bus, QUOTAS) as api:
        greedy, modest = api.shown("vdt_greedy"), api.shown("vdt_modest")
        body = {"query": "{ __typename }"}
        for _ in range(30):
            assert (await api.client.post(api.url, json=body, headers=greedy.headers)).status_code == 200
        refused = await api.client.post(api.url, json=body, headers=greedy.headers)
        while refused.status_code == 200:
            # It fills while a slow machine asks.
            refused = await api.client.post(api.url, json=body, headers=greedy.headers)
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) >= 1
        assert "token_requests_per_minute" in refused.text
        assert (await modest.query("{ viewer { name } }"))["viewer"]["name"] == "modest"


async def a_page_of_sensors(database: Database) -> None:
    await seeds.code_location(database)
    await seeds.sensors(database, [SensorSpec(name=f"s{number}") for number in range(100)])


async def test_a_token_has_so_much_cost_a_minute(database: Database, bus: Bus) -> None:
    await seeds.token(database, "greedy")
    await a_page_of_sensors(database)
    async with serving(database, bus, QUOTAS) as api:
        greedy = api.shown("vdt_greedy")
        body = {"query": "{ sensors(first: 100) { edges { node { id } } } }"}
        answers = [await api.client.post(api.url, json=body, headers=greedy.headers) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 429, 429]
        assert "token_cost_per_minute" in answers[-1].text


async def test_a_token_has_so_many_streams(database: Database, bus: Bus) -> None:
    await seeds.token(database, "greedy")
    async with serving(database, bus, QUOTAS) as api:
        greedy = api.shown("vdt_greedy")
        text = "subscription { ticks { __typename } }"
        async with greedy.subscribe(text), greedy.subscribe(text):
            async with greedy.subscribe(text) as third:
                message = await third.receive()
            assert message["payload"][0]["extensions"]["code"] == "TOO_MANY_REQUESTS"
            assert "token_streams" in message["payload"][0]["message"]


async def test_a_token_may_have_limits_of_its_own(database: Database, bus: Bus) -> None:
    own = {"requestsPerMinute": 3, "costPerMinute": 210, "streams": 1}
    make = "mutation($input: CreateTokenInput!) { createToken(input: $input) { secret errors { message path } } }"
    await seeds.token(database, "boss", Role.ADMIN)
    await a_page_of_sensors(database)
    async with serving(database, bus, Settings(authentication="tokens")) as api:
        boss = api.shown("vdt_boss")
        for name in own:
            wrong = await boss.query(make, input={"name": "a", "role": "VIEWER", name: 0})
            assert wrong["createToken"]["errors"][0]["path"] == [name]
        made = [await boss.query(make, input={"name": name, "role": "VIEWER", **own}) for name in "abc"]
        asked, costly, followed = (api.shown(one["createToken"]["secret"]) for one in made)
        # At the limit, and one above.
        answers = [await asked.client.post(api.url, json={"query": WHO}, headers=asked.headers) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert "3 operations a minute (requests_per_minute of the token)" in answers[-1].text
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 20
        body = {"query": "{ sensors(first: 100) { edges { node { id } } } }"}
        answers = [await asked.client.post(api.url, json=body, headers=costly.headers) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert "210 objects a minute, by the sizes of pages (cost_per_minute of the token)" in answers[-1].text
        text = "subscription { ticks { __typename } }"
        async with followed.subscribe(text):
            async with followed.subscribe(text) as second:
                message = await second.receive()
            assert "1 subscriptions at a time (streams of the token)" in message["payload"][0]["message"]
            stream = {**followed.headers, "accept": "text/event-stream"}
            refused = await api.client.post(f"{api.url}/stream", json={"query": text}, headers=stream)
            assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")


async def test_a_mutation_over_the_quota_does_nothing(database: Database, bus: Bus) -> None:
    await seeds.token(database, "greedy", Role.OPERATOR)
    async with serving(database, bus, QUOTAS) as api, seeded(database, bus, working=False):
        greedy = api.shown("vdt_greedy")
        body = {"query": "{ __typename }"}
        while (await api.client.post(api.url, json=body, headers=greedy.headers)).status_code == 200:
            pass
        answer = await api.client.post(api.url, json={"query": MUTATION}, headers=greedy.headers)
        assert answer.status_code == 429
