"""What operations cost, what is left of a caller's budget, and where they are told."""

import asyncio
import re
from typing import Any

import httpx
import pytest

import seeds
from graphql_documents import INPUTS, MUTATIONS, World, seeded
from locking import stuck, until_waiting
from serving import Api, Subscription, serving
from vedette.bus import Bus
from vedette.domain.access import Role
from vedette.domain.catalog import SensorSpec
from vedette.settings import Settings
from vedette.storage.database import Database

# So few that nothing of it comes back while a test goes on: one in 20 s.
BUDGET = Settings(
    authentication="tokens",
    token_requests_per_minute=600,
    token_cost_per_minute=300,
    token_operations=2,
    poll_seconds=600,
)
MOST = BUDGET.token_cost_per_minute
PAGE = "{ sensors(first: 100) { edges { node { id } } } }"
RATE = "{ rateLimit { limit cost remaining used resetAt } }"


async def ask(api: Api, document: str, **variables: Any) -> httpx.Response:
    return await api.client.post(api.url, json={"query": document, "variables": variables}, headers=api.headers)


def cost(response: httpx.Response) -> dict[str, Any]:
    found: dict[str, Any] = response.json()["extensions"]["cost"]
    return found


def states(response: httpx.Response) -> dict[str, dict[str, int]]:
    """Return what the field RateLimit tells of each policy."""
    items = (item.strip().split(";") for item in response.headers["ratelimit"].split(","))
    return {
        name.strip('"'): {key: int(value) for key, value in (one.split("=") for one in parameters)}
        for name, *parameters in items
    }


async def some_sensors(database: Database, count: int) -> None:
    await seeds.code_location(database)
    await seeds.sensors(database, [SensorSpec(name=f"s{number}") for number in range(count)])


def is_about(found: int, expected: int) -> bool:
    """Tell whether so much is left, but for what a slow machine lets come back."""
    return expected <= found <= expected + 100


@pytest.fixture
def settings() -> Settings:
    return Settings(poll_seconds=600)


async def test_an_answer_tells_what_was_asked_for_and_what_was_given(api: Api, database: Database) -> None:
    await seeds.code_location(database)
    for number in range(3):
        sensor = await seeds.sensor(database, f"s{number}")
        await seeds.tick(database, sensor, 1)
    found = await api.answer("{ sensors(first: 10) { edges { node { id lastTick { id } } } } codeLocations { id } }")
    cost = {"requested": 10 + 10 + 10, "actual": 3 + 3 + 1, "remaining": None, "most": 50_000}
    assert found["extensions"]["cost"] == cost
    by_fragments = """{ a: sensors(first: 10) { ...S } b: sensors(first: 2) { x: edges { cursor } ...S } }
        fragment S on SensorConnection { edges { node { id ... on Node { id } } } pageInfo { endCursor } }"""
    assert (await api.answer(by_fragments))["extensions"]["cost"] == {**cost, "requested": 12, "actual": 3 + 2}


async def test_without_a_budget_nothing_is_left_or_used(api: Api) -> None:
    response = await ask(api, RATE)
    assert response.json()["data"]["rateLimit"] == {
        "limit": None, "cost": 0, "remaining": None, "used": None, "resetAt": None
    }  # fmt: skip
    assert "ratelimit" not in response.headers


async def test_what_was_not_given_is_given_back(database: Database, bus: Bus) -> None:
    await seeds.token(database, "wall")
    async with serving(database, bus, BUDGET) as api:
        wall = api.shown("vdt_wall")
        for _ in range(5):
            # Each asks for a third of the budget, and is given nothing.
            response = await ask(wall, PAGE)
            assert response.status_code == 200
            assert cost(response) == {"requested": 100, "actual": 0, "remaining": MOST, "most": 50_000}
        await some_sensors(database, 40)
        response = await ask(wall, PAGE)
        assert cost(response)["actual"] == 40
        assert is_about(cost(response)["remaining"], MOST - 40)
        assert is_about(states(response)["cost"]["r"], MOST - 40)


async def test_the_budget_is_told_by_a_field_and_by_headers(database: Database, bus: Bus) -> None:
    for name in ("wall", "other"):
        await seeds.token(database, name)
    async with serving(database, bus, BUDGET) as api:
        wall = api.shown("vdt_wall")
        await some_sensors(database, 100)
        await ask(wall, PAGE)
        response = await ask(wall, RATE)
        told = response.json()["data"]["rateLimit"]
        assert (told["limit"], told["cost"]) == (MOST, 0)
        assert is_about(told["remaining"], MOST - 100)
        assert told["remaining"] + told["used"] == MOST
        assert re.match(r"\d{4}-\d\d-\d\dT", told["resetAt"])
        assert response.headers["ratelimit-policy"] == (
            '"requests";q=600;w=60, "cost";q=300;qu="objects";w=60, "operations";q=2;qu="concurrent-requests"'
        )
        state = states(response)
        assert is_about(state["cost"]["r"], MOST - 100)
        assert 0 < state["cost"]["t"] <= 60
        assert is_about(state["requests"]["r"], 598)
        assert state["operations"] == {"r": 2}
        # Everybody has a budget of their own, and is told that alone.
        untouched = (await ask(api.shown("vdt_other"), RATE)).json()["data"]["rateLimit"]
        assert untouched["used"] == 0
        # Whoever is not recognised has none.
        assert "ratelimit" not in (await ask(api, RATE)).headers


async def test_those_who_ask_the_same_together_are_told_each_their_own(database: Database, bus: Bus) -> None:
    names = [f"t{number}" for number in range(6)]
    for name in names:
        await seeds.token(database, name)
    await some_sensors(database, 20)
    async with serving(database, bus, BUDGET) as api:
        clients = [api.shown(f"vdt_{name}") for name in names]
        for place, client in enumerate(clients):
            for _ in range(place):
                assert (await ask(client, PAGE)).status_code == 200
        answers = await asyncio.gather(*(ask(client, PAGE) for client in clients))
        for place, response in enumerate(answers):
            assert cost(response)["actual"] == 20
            assert is_about(cost(response)["remaining"], MOST - 20 * (place + 1))
        left = [cost(response)["remaining"] for response in answers]
        assert left == sorted(left, reverse=True)
        assert len(set(left)) > 1


async def test_over_the_budget_an_error_names_it_and_says_when_to_come_again(database: Database, bus: Bus) -> None:
    await seeds.token(database, "wall")
    await some_sensors(database, 100)
    async with serving(database, bus, BUDGET) as api:
        wall = api.shown("vdt_wall")
        assert [(await ask(wall, PAGE)).status_code for _ in range(3)] == [200] * 3
        response = await ask(wall, PAGE)
        assert response.status_code == 429
        [error] = response.json()["errors"]
        seconds = int(response.headers["retry-after"])
        assert error["extensions"] == {
            "code": "TOO_MANY_REQUESTS",
            "limit": "token_cost_per_minute",
            "most": MOST,
            "retryAfterSeconds": seconds,
        }
        assert 1 <= seconds <= 20
        assert "token_cost_per_minute" in error["message"]
        assert states(response)["cost"]["r"] < 100
        # How it stands may be asked all the same.
        assert (await ask(wall, RATE)).status_code == 200
        # Other protocols take from the same budget.
        async with wall.connect() as socket:
            client = Subscription(socket)
            await client.start(PAGE)
            message = await client.receive()
        assert message["type"] == "error"
        assert message["payload"][0]["extensions"]["limit"] == "token_cost_per_minute"
        accepted = {**wall.headers, "accept": "text/event-stream"}
        stream = await api.client.post(f"{api.url}/stream", json={"query": PAGE}, headers=accepted)
        assert (stream.status_code, "retry-after" in stream.headers) == (429, True)


async def test_operations_of_websockets_and_event_streams_are_charged_as_any(database: Database, bus: Bus) -> None:
    await seeds.token(database, "wall")
    await some_sensors(database, 100)
    async with serving(database, bus, BUDGET) as api:
        wall = api.shown("vdt_wall")
        async with wall.connect() as socket:
            client = Subscription(socket)
            await client.start(PAGE)
            message = await client.receive()
            assert message["payload"]["extensions"]["cost"]["actual"] == 100
            assert is_about(message["payload"]["extensions"]["cost"]["remaining"], MOST - 100)
        accepted = {**wall.headers, "accept": "text/event-stream"}
        stream = await api.client.post(f"{api.url}/stream", json={"query": PAGE}, headers=accepted)
        assert '"actual":100' in stream.text
        assert is_about(states(await ask(wall, RATE))["cost"]["r"], MOST - 200)


async def test_what_is_not_executed_costs_a_request_and_nothing_else(database: Database, bus: Bus) -> None:
    await seeds.token(database, "wall")
    async with serving(database, bus, BUDGET) as api:
        wall = api.shown("vdt_wall")
        headers = {**wall.headers, "accept": "application/graphql-response+json"}
        refused = [
            ("{ nothing }", 400),
            ("{", 400),
            (f"query($x: Int!) {{ sensors(first: $x) {PAGE[24:]}", 400),
            ('mutation { revokeToken(input: {tokenId: "a"}) { errors { message } } }', 403),
            ("subscription { ticks { __typename } }", 400),
        ]
        for number, (document, status) in enumerate(refused, start=1):
            response = await api.client.post(api.url, json={"query": document}, headers=headers)
            assert response.status_code == status, response.text
            assert states(response)["cost"]["r"] == MOST
            assert is_about(states(response)["requests"]["r"], 600 - number)
        by_get = await api.client.get(api.url, params={"query": "mutation { __typename }"}, headers=wall.headers)
        assert (by_get.status_code, states(by_get)["cost"]["r"]) == (405, MOST)


async def test_a_mutation_costs_what_it_does_also_where_little_is_told(database: Database, bus: Bus) -> None:
    await seeds.token(database, "wall", Role.OPERATOR)
    async with serving(database, bus, BUDGET) as api, seeded(database, bus, working=False) as world:
        assert isinstance(world, World)
        wall = api.shown("vdt_wall")
        response = await ask(wall, MUTATIONS["stopSensor"], input=INPUTS["stopSensor"](world))
        # What became of it, the sensor, and why it stands still; no errors, of a list that is taken to have ten.
        assert cost(response)["actual"] == 10 + 3
        assert cost(response)["requested"] == 10 + 3 + 10


async def test_a_token_has_so_many_operations_at_a_time(database: Database, bus: Bus) -> None:
    for name in ("wall", "other"):
        await seeds.token(database, name)
    async with serving(database, bus, BUDGET) as api, asyncio.TaskGroup() as tasks:
        wall, other = api.shown("vdt_wall"), api.shown("vdt_other")
        async with stuck(database):
            going = [tasks.create_task(ask(wall, f"{PAGE} # {number}")) for number in range(BUDGET.token_operations)]
            await until_waiting(database, BUDGET.token_operations)
            refused = await ask(wall, RATE)
            assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
            assert refused.json()["errors"][0]["extensions"]["limit"] == "token_operations"
            assert "2 queries and mutations at a time (token_operations)" in refused.text
            assert states(refused)["operations"] == {"r": 0}
            # It was not executed, and costs nothing.
            assert is_about(states(refused)["cost"]["r"], MOST - 200)
            assert (await ask(other, RATE)).status_code == 200
        assert [(await one).status_code for one in going] == [200, 200]
        assert (await ask(wall, RATE)).status_code == 200


async def test_what_took_too_long_is_paid_for(database: Database, bus: Bus) -> None:
    await seeds.token(database, "wall")
    settings = BUDGET.model_copy(update={"execution_seconds": 0.2})
    async with serving(database, bus, settings) as api:
        wall = api.shown("vdt_wall")
        await ask(wall, RATE)
        async with stuck(database):
            response = await ask(wall, PAGE)
        assert response.json()["errors"][0]["extensions"]["code"] == "TIMEOUT"
        assert cost(response)["actual"] is None
        assert is_about(cost(response)["remaining"], MOST - 100)
