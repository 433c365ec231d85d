"""Mutations that are sent again with the same idempotency key."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, GraphQLNonNull, build_schema

import seeds
from conftest import FROZEN_SECONDS
from graphql_documents import INPUTS, MUTATIONS, World, effects, seeded
from serving import Api, serving
from vedette.bus import Bus
from vedette.graphql.printing import printed_schema
from vedette.settings import Settings
from vedette.storage import idempotency
from vedette.storage.database import Database


@pytest.fixture
async def world(database: Database, bus: Bus) -> AsyncIterator[World]:
    """A shop with a sensor and a job, and somebody who evaluates and reloads."""
    async with seeded(database, bus) as world:
        yield world


@pytest.fixture
def settings() -> Settings:
    return Settings(poll_seconds=0.2, evaluation_wait_seconds=5)


def test_every_mutation_is_tried_here_and_takes_a_key() -> None:
    schema = build_schema(printed_schema())
    assert schema.mutation_type is not None
    assert schema.mutation_type.fields.keys() == MUTATIONS.keys()
    for field in schema.mutation_type.fields.values():
        kind = field.args["input"].type
        assert isinstance(kind, GraphQLNonNull)
        assert isinstance(kind.of_type, GraphQLInputObjectType)
        assert "idempotencyKey" in kind.of_type.fields


async def outcome(api: Api, name: str, given: dict[str, Any]) -> Any:
    return (await api.query(MUTATIONS[name], input=given))[name]


@pytest.mark.parametrize("name", MUTATIONS)
async def test_the_same_key_and_input_have_one_effect_and_one_outcome(
    api: Api, database: Database, world: World, name: str
) -> None:
    given = INPUTS[name](world) | {"idempotencyKey": "k"}
    first = await outcome(api, name, given)
    assert first["errors"] == []
    once = await effects(database)
    assert await outcome(api, name, given) == first
    assert await effects(database) == once


@pytest.mark.parametrize("name", MUTATIONS)
async def test_concurrent_twins_have_one_effect(
    database: Database, bus: Bus, settings: Settings, world: World, name: str
) -> None:
    before = await effects(database)
    given = INPUTS[name](world) | {"idempotencyKey": "k"}
    async with (
        Database(database.url, frozen_seconds=FROZEN_SECONDS) as another,
        serving(database, bus, settings) as here,
        serving(another, bus, settings) as there,
    ):
        answers = await asyncio.gather(*(outcome(api, name, given) for api in [here, there] * 8))
    assert all(answer == answers[0] for answer in answers)
    assert answers[0]["errors"] == []
    assert {now - then for now, then in zip(await effects(database), before, strict=True)} == {0, 1}


@pytest.mark.parametrize("name", MUTATIONS)
async def test_the_same_key_for_something_else_is_refused(
    api: Api, database: Database, world: World, name: str
) -> None:
    given = INPUTS[name](world) | {"idempotencyKey": "k"}
    await outcome(api, name, given)
    once = await effects(database)
    other = "startSensor" if name != "startSensor" else "resetSensor"
    reused = await outcome(api, other, INPUTS[other](world) | {"idempotencyKey": "k"})
    [error] = reused["errors"]
    assert error["__typename"] == "IdempotencyKeyReused"
    assert error["path"] == ["idempotencyKey"]
    assert await effects(database) == once


async def test_another_input_with_the_same_key_is_refused(api: Api, world: World) -> None:
    await outcome(api, "setSensorCursor", {"sensorId": world.sensor, "cursor": "a", "idempotencyKey": "k"})
    again = await outcome(api, "setSensorCursor", {"sensorId": world.sensor, "cursor": "b", "idempotencyKey": "k"})
    assert [error["__typename"] for error in again["errors"]] == ["IdempotencyKeyReused"]


async def test_without_a_key_each_mutation_counts(api: Api, database: Database, world: World) -> None:
    before = await effects(database)
    for _ in range(2):
        await outcome(api, "launchRun", {"jobId": world.job})
    assert (await effects(database))[2] == before[2] + 2


async def test_what_came_to_nothing_does_not_spend_the_key(api: Api, database: Database, world: World) -> None:
    refused = {"sensorId": world.sensor, "cursor": "a", "expectedVersion": 7, "idempotencyKey": "k"}
    assert (await outcome(api, "setSensorCursor", refused))["errors"][0]["__typename"] == "CursorConflict"
    assert await seeds.execute(database, "SELECT FROM idempotency_keys") == []
    payload = await outcome(api, "setSensorCursor", refused | {"expectedVersion": 0})
    assert payload["errors"] == []


async def test_a_key_is_free_again_where_nobody_took_the_evaluation_up(database: Database, bus: Bus, api: Api) -> None:
    async with (
        seeded(database, bus, working=False) as world,
        serving(database, bus, Settings(poll_seconds=0.2, evaluation_wait_seconds=0.2)) as hasty,
    ):
        given = INPUTS["tickSensor"](world) | {"idempotencyKey": "k"}
        unanswered = await outcome(hasty, "tickSensor", given)
        assert [error["__typename"] for error in unanswered["errors"]] == ["EvaluatorUnavailable"]
    assert await seeds.execute(database, "SELECT FROM idempotency_keys") == []


async def test_a_key_lasts_a_day(api: Api, database: Database, world: World) -> None:
    given = {"jobId": world.job, "idempotencyKey": "k"}
    first = await outcome(api, "launchRun", given)
    await seeds.execute(database, "UPDATE idempotency_keys SET at = now() - interval '23 hours 59 minutes'")
    assert await outcome(api, "launchRun", given) == first
    await seeds.execute(database, "UPDATE idempotency_keys SET at = now() - interval '24 hours 1 minute'")
    assert (await outcome(api, "launchRun", given))["run"]["id"] != first["run"]["id"]


async def test_only_expired_keys_are_purged(api: Api, database: Database, world: World) -> None:
    for key in ("old", "new"):
        await outcome(api, "launchRun", {"jobId": world.job, "idempotencyKey": key})
    await seeds.execute(database, "UPDATE idempotency_keys SET at = now() - interval '25 hours' WHERE key = 'old'")
    async with database.writing() as connection:
        assert await idempotency.purge(connection) == 1
    assert [tuple(row) for row in await seeds.execute(database, "SELECT key FROM idempotency_keys")] == [("new",)]


@pytest.mark.parametrize("key", ["", "x" * 256])
async def test_a_key_that_cannot_be_one_is_refused(api: Api, world: World, key: str) -> None:
    payload = await outcome(api, "startSensor", {"sensorId": world.sensor, "idempotencyKey": key})
    assert [error["__typename"] for error in payload["errors"]] == ["InvalidInput"]
