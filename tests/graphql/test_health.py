"""Health by work done: alive while the database answers, ready while no sensor is late; and why where it is not."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import httpx
import pytest

import seeds
from serving import Api
from vedette.bus import Bus
from vedette.domain.catalog import SensorSpec, SensorStatus
from vedette.settings import Settings
from vedette.storage.database import Database
from vedette.web.app import create_app

WORKER = (
    "INSERT INTO workers (id, role, host, pid, lock_key) VALUES (gen_random_uuid(), 'EVALUATE', 'x', 1, 1) RETURNING id"
)
HELD = "INSERT INTO leases (name, expires_at) VALUES ('sensors/0', now() + interval '1 minute')"
CONDITION = "{ sensors { edges { node { name condition { kind until message } nextTickAt } } } }"


async def health(api: Api, path: str) -> tuple[int, dict[str, object]]:
    response = await api.client.get(f"{api.address}{path}")
    assert response.headers["cache-control"] == "no-store"
    return response.status_code, response.json()


async def condition(api: Api) -> dict[str, str]:
    [edge] = (await api.query(CONDITION))["sensors"]["edges"]
    found: dict[str, str] = edge["node"]["condition"]
    return found


async def test_an_idle_instance_is_healthy_and_ready(api: Api) -> None:
    assert await health(api, "/healthz") == (200, {"status": "healthy"})
    assert await health(api, "/readyz") == (
        200,
        {
            "status": "ready",
            "oldestDueSeconds": 0.0,
            "readyLagSeconds": 30.0,
            "queuedRuns": 0,
            "oldestQueuedSeconds": 0.0,
            "runningRuns": 0,
        },
    )


async def test_late_work_is_not_ready_and_the_instance_says_the_same(api: Api, database: Database) -> None:
    await seeds.code_location(database)
    await seeds.sensor(database, default_status=SensorStatus.RUNNING)
    await seeds.execute(database, "UPDATE sensors SET next_tick_at = now() - interval '20 s'")
    status, figures = await health(api, "/readyz")
    assert (status, figures["status"]) == (200, "ready")

    await seeds.execute(database, "UPDATE sensors SET next_tick_at = now() - interval '90 s'")
    status, figures = await health(api, "/readyz")
    late = (await api.query("{ instance { oldestDueSeconds } }"))["instance"]["oldestDueSeconds"]
    assert (status, figures["status"]) == (503, "late")
    assert isinstance(figures["oldestDueSeconds"], float)
    assert 90 <= figures["oldestDueSeconds"] <= late < 150
    assert "ready_lag_seconds=30" in str(figures["reason"])
    # It lives, though: a restart would not help.
    assert (await health(api, "/healthz"))[0] == 200


@pytest.mark.parametrize(
    "change", ["status = 'STOPPED'", "loaded = false", "next_tick_at = now() + interval '1 h'", "next_tick_at = NULL"]
)
async def test_what_is_not_to_be_evaluated_is_not_late(api: Api, database: Database, change: str) -> None:
    await seeds.code_location(database)
    await seeds.sensor(database, default_status=SensorStatus.RUNNING)
    await seeds.execute(database, "UPDATE sensors SET next_tick_at = now() - interval '90 s'")
    await seeds.execute(database, f"UPDATE sensors SET {change}")
    assert (await health(api, "/readyz"))[0] == 200


async def test_what_shows_as_evaluated_is_late_once_nobody_holds_it(api: Api, database: Database) -> None:
    await seeds.code_location(database)
    await seeds.sensor(database, default_status=SensorStatus.RUNNING)
    await seeds.execute(
        database,
        "UPDATE sensors SET next_tick_at = now() - interval '90 s', evaluating_tick_id = gen_random_uuid()",
    )
    await seeds.execute(database, HELD)
    assert (await health(api, "/readyz"))[0] == 200
    await seeds.execute(database, "UPDATE leases SET expires_at = now() - interval '1 s'")
    assert (await health(api, "/readyz"))[0] == 503


@contextmanager
def silent_port() -> Iterator[int]:
    """Something that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield int(listener.getsockname()[1])


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@asynccontextmanager
async def without_database(port: int, bus: Bus, settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    database = Database(f"postgresql://me:secret@127.0.0.1:{port}/none")
    transport = httpx.ASGITransport(create_app(database, bus, settings))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_without_its_database_it_says_so_with_the_reason(bus: Bus, settings: Settings, path: str) -> None:
    async with without_database(closed_port(), bus, settings) as client:
        response = await client.get(path)
    assert (response.status_code, response.json()["status"]) == (503, "unhealthy")
    assert "cannot be reached" in response.json()["reason"]
    assert "secret" not in response.text


async def test_a_database_that_says_nothing_is_given_up_in_time(bus: Bus, settings: Settings) -> None:
    with silent_port() as port:
        async with without_database(port, bus, settings) as client, asyncio.timeout(6):
            response = await client.get("/healthz")
    assert response.status_code == 503
    assert response.json()["reason"] == "The database did not answer within 3 s."


async def test_an_overdue_sensor_tells_who_is_to_blame(api: Api, database: Database) -> None:
    await seeds.code_location(database)
    await seeds.sensor(database, default_status=SensorStatus.RUNNING)
    await seeds.execute(database, "UPDATE sensors SET next_tick_at = now() - interval '90 s'")
    assert (await condition(api))["kind"] == "OVERDUE"
    assert "no evaluator is alive that has loaded its code location" in (await condition(api))["message"]
    # One that holds its shard but has not loaded its code can do nothing for it.
    await seeds.execute(database, HELD)
    holder = await seeds.execute(database, WORKER)
    await seeds.execute(database, "UPDATE leases SET holder = :id", id=holder[0].id)
    assert "no evaluator is alive that has loaded its code location" in (await condition(api))["message"]
    await seeds.execute(database, "UPDATE workers SET code_locations = '{shop}'")
    assert "its evaluator is alive but late" in (await condition(api))["message"]


async def test_an_unloaded_sensor_tells_the_error_of_its_code_location(api: Api, database: Database) -> None:
    await seeds.code_location(database)
    await seeds.sensors(database, [SensorSpec("inbox")])
    await seeds.execute(database, "UPDATE sensors SET loaded = false")
    assert (await condition(api))["message"] == "Its code location no longer defines it."
    await seeds.execute(
        database,
        "UPDATE code_locations SET error = CAST(:error AS jsonb)",
        error='{"type": "SyntaxError", "message": "invalid syntax\\nmore", "stack": []}',
    )
    assert await condition(api) == {
        "kind": "UNLOADED",
        "until": None,
        "message": "Its code location failed to load: SyntaxError: invalid syntax",
    }


async def test_a_paused_sensor_tells_why_and_when_it_is_tried(api: Api, database: Database) -> None:
    await seeds.code_location(database)
    await seeds.sensor(database)
    await seeds.execute(
        database, "UPDATE sensors SET status_source = 'FAILURE_POLICY', status_note = 'Paused after 5 failures.'"
    )
    [edge] = (await api.query(CONDITION))["sensors"]["edges"]
    assert edge["node"]["condition"]["kind"] == "STOPPED"
    assert edge["node"]["condition"]["message"] == "Paused after 5 failures."
    assert edge["node"]["condition"]["until"] == edge["node"]["nextTickAt"] is not None


async def test_history_that_is_not_dropped_degrades_the_instance(api: Api, database: Database) -> None:
    document = "{ instance { retention { failures trouble error partitionsMade partitionsDropped rowsDropped } } }"
    sound = (await api.query(document))["instance"]["retention"]
    assert sound == {
        "failures": 0, "trouble": None, "error": None, "partitionsMade": 0, "partitionsDropped": 0, "rowsDropped": 0
    }  # fmt: skip
    assert (await health(api, "/readyz"))[1]["status"] == "ready"
    await seeds.execute(
        database, "UPDATE retention SET succeeded_at = now() - interval '2 hours', failures = 9, error = 'disk full'"
    )
    status, answer = await health(api, "/readyz")
    # Nobody is helped by a server that is taken out of service for it.
    assert (status, answer["status"]) == (200, "degraded")
    assert "disk full" in str(answer["reason"])
    told = (await api.query(document))["instance"]["retention"]
    assert (told["failures"], told["error"]) == (9, "disk full")
    assert "disk full" in told["trouble"]
