import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

import seeds
from serving import Api
from vedette.bus import Bus, topics
from vedette.domain.catalog import JobSpec
from vedette.domain.logs import ErrorInfo, LogLevel, LogRecord
from vedette.domain.partitions import DynamicKey, PartitionChange, PartitionChangeKind
from vedette.domain.ticks import Evaluation, RequestedRun
from vedette.graphql import ids
from vedette.storage.database import Database
from vedette.storage.ticks import evaluation_requests, partition_verdicts
from vedette.storage.ticks.evaluation_requests import Answer

EVALUATE = """
mutation($input: EvaluateSensorInput!) { evaluateSensor(input: $input) {
  evaluation {
    cursorBefore cursorAfter cursorVersion skipReason durationSeconds error { type } logs { level message }
    runRequests { runKey jobName outcome runConfig run { id } job { name } }
  }
  errors { __typename message }
} }
"""
TICK = """
mutation($id: ID!) { tickSensor(input: {sensorId: $id}) {
  tick { number status cause } errors { __typename message } } }
"""

Respond = Callable[[Database, Any], Awaitable[None]]


@asynccontextmanager
async def evaluator(database: Database, bus: Bus, respond: Respond) -> AsyncIterator[None]:
    """Take requests as an evaluator does, and `respond` to each."""

    async def take() -> None:
        with bus.listen(topics.EVALUATIONS) as listener:
            while True:
                statement = "UPDATE evaluation_requests SET state = 'TAKEN' WHERE state IS NULL RETURNING *"
                for request in await seeds.execute(database, statement):
                    await respond(database, request)
                    bus.knock(topics.ANSWERS)
                await listener.wait(0.1)

    async with asyncio.TaskGroup() as tasks:
        taking = tasks.create_task(take())
        yield
        taking.cancel()


def answering(evaluation: Evaluation) -> Respond:
    async def respond(database: Database, request: Any) -> None:
        before = "current" if request.use_current_cursor else request.cursor
        async with database.writing() as connection:
            await evaluation_requests.answer(connection, request.id, Answer(evaluation, before, 7))

    return respond


async def settle(database: Database, request: Any, state: str) -> None:
    await seeds.execute(
        database, "UPDATE evaluation_requests SET state = :state WHERE id = :id", state=state, id=request.id
    )


@pytest.fixture
async def sensor(database: Database) -> UUID:
    await seeds.code_location(database)
    await seeds.job(database, JobSpec(name="process"))
    return await seeds.sensor(database, job_names=("process",), timeout_seconds=0.5)


async def evaluate(api: Api, sensor: UUID, **options: Any) -> Any:
    return (await api.query(EVALUATE, input={"sensorId": ids.encode("Sensor", sensor), **options}))["evaluateSensor"]


async def test_a_test_shows_what_a_tick_would_do(api: Api, database: Database, bus: Bus, sensor: UUID) -> None:
    run = await seeds.run(database, 1, sensor_id=sensor, run_key="old")
    await seeds.execute(
        database, "INSERT INTO run_keys (scope, run_key, run_id) VALUES (:s, 'old', :r)", s=sensor, r=run
    )
    at = datetime(2026, 1, 1, tzinfo=UTC)
    done = Evaluation(
        run_requests=(
            RequestedRun("process", "old"),
            RequestedRun("process", "new", {"size": 1}),
            RequestedRun("process", "new"),
            RequestedRun("process"),
        ),
        cursor_set=True,
        cursor="next",
        logs=(LogRecord(at, LogLevel.INFO, "sensor", "hello"),),
        duration_seconds=0.25,
    )
    async with evaluator(database, bus, answering(done)):
        answer = await evaluate(api, sensor)
    assert answer["errors"] == []
    shown = answer["evaluation"]
    requests = shown.pop("runRequests")
    assert shown == {
        "cursorBefore": "current", "cursorAfter": "next", "cursorVersion": 7, "skipReason": None,
        "durationSeconds": 0.25, "error": None, "logs": [{"level": "INFO", "message": "hello"}],
    }  # fmt: skip
    assert [request["outcome"] for request in requests] == ["DUPLICATE", "PREVIEWED", "DUPLICATE", "PREVIEWED"]
    assert requests[0]["run"] == {"id": ids.encode("Run", run)}
    assert requests[1]["runConfig"] == {"size": 1}
    assert requests[2]["run"] is None
    assert requests[3]["job"] == {"name": "process"}


@pytest.mark.parametrize(
    ("options", "before"),
    [({}, "current"), ({"cursor": "x"}, "x"), ({"cursor": ""}, ""), ({"useCurrentCursor": False}, None)],
)
async def test_a_test_begins_where_it_is_told_to(
    api: Api, database: Database, bus: Bus, sensor: UUID, options: Any, before: str | None
) -> None:
    async with evaluator(database, bus, answering(Evaluation(skip_reason="quiet"))):
        shown = (await evaluate(api, sensor, **options))["evaluation"]
    assert shown["cursorBefore"] == shown["cursorAfter"] == before
    assert shown["skipReason"] == "quiet"


async def test_a_test_that_fails_keeps_the_cursor(api: Api, database: Database, bus: Bus, sensor: UUID) -> None:
    failed = Evaluation(error=ErrorInfo("ValueError", "no"), cursor_set=True, cursor="next")
    async with evaluator(database, bus, answering(failed)):
        shown = (await evaluate(api, sensor))["evaluation"]
    assert shown["error"] == {"type": "ValueError"}
    assert shown["cursorAfter"] == "current"


async def test_a_tick_is_shown_when_it_is_recorded(api: Api, database: Database, bus: Bus, sensor: UUID) -> None:
    async def respond(database: Database, request: Any) -> None:
        tick = await seeds.tick(database, request.sensor_id, 1, "SUCCESS")
        await seeds.execute(
            database,
            "UPDATE evaluation_requests SET state = 'DONE', tick_id = :tick WHERE id = :id",
            tick=tick,
            id=request.id,
        )

    async with evaluator(database, bus, respond):
        answer = (await api.query(TICK, id=ids.encode("Sensor", sensor)))["tickSensor"]
    assert answer == {"tick": {"number": 1, "status": "SUCCESS", "cause": "INTERVAL"}, "errors": []}


async def test_without_an_evaluator_the_request_is_withdrawn(api: Api, database: Database, sensor: UUID) -> None:
    answer = await evaluate(api, sensor)
    assert [error["__typename"] for error in answer["errors"]] == ["EvaluatorUnavailable"]
    assert await seeds.execute(database, "SELECT state FROM evaluation_requests") == [("WITHDRAWN",)]


async def test_a_busy_sensor_is_said_to_be_busy(api: Api, database: Database, bus: Bus, sensor: UUID) -> None:
    async def respond(database: Database, request: Any) -> None:
        await settle(database, request, "BUSY")

    async with evaluator(database, bus, respond):
        answer = await evaluate(api, sensor)
    assert [error["__typename"] for error in answer["errors"]] == ["SensorBusy"]
    # The same where the evaluator has not come to say so.
    await seeds.execute(database, "UPDATE sensors SET evaluating_tick_id = gen_random_uuid()")
    answer = await evaluate(api, sensor)
    assert [error["__typename"] for error in answer["errors"]] == ["SensorBusy"]


async def test_an_evaluator_that_never_answers_is_given_up(
    api: Api, database: Database, bus: Bus, sensor: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vedette.graphql.sensors.evaluations.GRACE_SECONDS", 0.1)

    async def respond(database: Database, request: Any) -> None:
        await settle(database, request, "TAKEN")

    async with evaluator(database, bus, respond):
        answer = await evaluate(api, sensor)
    assert [error["__typename"] for error in answer["errors"]] == ["EvaluatorUnavailable"]


async def test_what_cannot_be_evaluated(api: Api, database: Database, sensor: UUID) -> None:
    answer = await evaluate(api, UUID(int=0))
    assert [error["__typename"] for error in answer["errors"]] == ["NotFound"]
    await seeds.execute(database, "UPDATE sensors SET loaded = false")
    answer = await evaluate(api, sensor)
    assert [error["__typename"] for error in answer["errors"]] == ["WrongState"]


async def test_a_lost_knock_only_delays(api: Api, database: Database, sensor: UUID) -> None:
    async def respond(database: Database, request: Any) -> None:
        async with database.writing() as connection:
            await evaluation_requests.answer(connection, request.id, Answer(Evaluation(), None, 0))

    async with Bus(None) as deaf, evaluator(database, deaf, respond):
        answer = await evaluate(api, sensor)
    assert answer["errors"] == []


CHANGES = """
mutation($input: EvaluateSensorInput!) { evaluateSensor(input: $input) { evaluation {
  error { type message } runRequests { partitionKey } partitionChanges { partitionsDefinition kind keys skippedKeys }
} } }
"""


async def test_a_test_shows_what_would_become_of_dynamic_partitions(
    api: Api, database: Database, bus: Bus, sensor: UUID
) -> None:
    change = PartitionChange(PartitionChangeKind.ADD, "images", ("a", "b"))
    async with database.writing() as connection:
        await partition_verdicts.change_by_hand(connection, PartitionChange(PartitionChangeKind.ADD, "images", ("b",)))
    request = RequestedRun("process", partition_key="a", needed_keys=(DynamicKey("images", "a"),))
    wanted = {"input": {"sensorId": ids.encode("Sensor", sensor)}}
    async with evaluator(database, bus, answering(Evaluation((request,), partition_changes=(change,)))):
        shown = (await api.query(CHANGES, **wanted))["evaluateSensor"]["evaluation"]
    assert shown == {
        "error": None, "runRequests": [{"partitionKey": "a"}],
        "partitionChanges": [
            {"partitionsDefinition": "images", "kind": "ADD", "keys": ["a"], "skippedKeys": ["b"]}
        ],
    }  # fmt: skip
    async with evaluator(database, bus, answering(Evaluation((request,)))):
        shown = (await api.query(CHANGES, **wanted))["evaluateSensor"]["evaluation"]
    assert shown["error"]["type"] == "UnknownPartition"
    assert (shown["runRequests"], shown["partitionChanges"]) == ([], [])
