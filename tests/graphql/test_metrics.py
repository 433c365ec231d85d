"""`/metrics` of a server of the API, over the wire."""

import math

import httpx
import pytest

import seeds
from scraping import Samples, parsed, scrape, value
from serving import Api, serving
from vedette.bus import Bus
from vedette.domain.catalog import SensorStatus
from vedette.domain.ids import new_id
from vedette.graphql import ids
from vedette.settings import Settings
from vedette.storage.database import Database
from vedette.web.app import create_app, create_probes

QUERY = "query HowMany { sensors(first: 1) { edges { node { name } } } }"
BAD = "query Bad { sensors(first: 1) { edges { node { nonsense } } } }"
FOLLOW = "subscription Follow { ticks { __typename } }"


def more(after: Samples, before: Samples, name: str, **labels: str) -> float:
    return value(after, name, **labels) - value(before, name, **labels)


async def test_operations_are_counted_by_name_and_outcome(api: Api) -> None:
    before = await scrape(api)
    for _ in range(3):
        await api.query(QUERY)
    await api.answer('query Odd { sensor(by: {id: "x"}) { name } }')
    await api.answer(BAD)
    after = await scrape(api)

    counted = {"operation": "HowMany", "kind": "query"}
    assert more(after, before, "vedette_api_operations_total", **counted, outcome="ok") == 3
    assert more(after, before, "vedette_api_operation_seconds_count", **counted) == 3
    odd = {"operation": "Odd", "kind": "query", "outcome": "errors"}
    assert more(after, before, "vedette_api_operations_total", **odd) == 1
    assert more(after, before, "vedette_api_refused_total", reason="INVALID_DOCUMENT") == 1


async def test_what_is_open_is_shown_while_it_is(api: Api) -> None:
    async with api.subscribe(FOLLOW):

        async def opened() -> Samples:
            return await scrape(api)

        found = await opened()
        while value(found, "vedette_api_open", what="subscriptions") != 1:  # the subscription is on its way
            found = await opened()
        assert value(found, "vedette_api_open", what="connections") == 1
        assert value(found, "vedette_api_shared_executions") == 1
        assert value(found, "vedette_database_pool_size", pool="other") == 5
    while value(await scrape(api), "vedette_api_open", what="subscriptions") != 0:
        pass


async def test_the_instance_shows_how_late_it_is_and_what_waits(api: Api, database: Database) -> None:
    await seeds.code_location(database)
    await seeds.sensor(database, default_status=SensorStatus.RUNNING)
    found = await scrape(api)
    assert value(found, "vedette_database_up") == 1
    assert value(found, "vedette_oldest_due_seconds") == 0
    assert [value(found, "vedette_workers", role=role) for role in ("SERVE", "EVALUATE")] == [0, 0]
    await seeds.execute(database, "UPDATE sensors SET next_tick_at = now() - interval '90 s'")
    await seeds.execute(
        database,
        "INSERT INTO workers (id, role, host, pid, lock_key, tasks) "
        "VALUES (gen_random_uuid(), 'EVALUATE', 'here', 1, 7, 1)",
    )
    found = await scrape(api)
    assert 90 <= value(found, "vedette_oldest_due_seconds") < 150
    assert value(found, "vedette_workers", role="EVALUATE") == 1


async def test_without_its_database_it_says_so_and_shows_no_old_figures(bus: Bus, settings: Settings) -> None:
    database = Database("postgresql://me:secret@127.0.0.1:1/none")
    transport = httpx.ASGITransport(create_app(database, bus, settings))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        response = await client.get("/metrics")
    found = parsed(response.text)
    assert value(found, "vedette_database_up") == 0
    assert math.isnan(value(found, "vedette_oldest_due_seconds"))
    assert value(found, "vedette_database_losses_total", pool="other") >= 1


async def test_with_a_port_of_its_own_metrics_are_there_alone(database: Database, bus: Bus) -> None:
    settings = Settings(health_port=0)
    async with serving(database, bus, settings) as api:
        assert (await api.client.get(f"{api.address}/metrics")).status_code == 404
        assert (await api.client.get(f"{api.address}/healthz")).status_code == 200
    app = create_app(database, bus, settings)
    transport = httpx.ASGITransport(create_probes(app, database, settings))
    # Whoever probes a container names it by its address.
    async with httpx.AsyncClient(transport=transport, base_url="http://10.1.2.3:4480") as client:
        answers = [(await client.get(path)).status_code for path in ("/metrics", "/healthz", "/readyz", "/graphql")]
    assert answers == [200, 200, 200, 404]


@pytest.mark.parametrize("method", ["POST", "DELETE"])
async def test_metrics_can_only_be_read(api: Api, method: str) -> None:
    response = await api.client.request(method, f"{api.address}/metrics", json={})
    assert response.status_code == 405


async def test_errors_are_counted_by_code_however_they_are_told(api: Api) -> None:
    before = await scrape(api)
    await api.answer('{ sensor(by: {id: "x"}) { name } again: sensor(by: {id: "y"}) { name } }')
    await api.answer(BAD)
    await api.client.get(api.url, headers={"accept": "image/png"})
    await api.client.post(api.url, content="no", headers={"content-type": "text/plain"})
    stream = {"accept": "text/event-stream"}
    for body in ({"query": BAD}, {"query": '{ sensor(by: {id: "x"}) { name } }'}):
        await api.client.post(f"{api.url}/stream", json=body, headers=stream)
    async with api.subscribe(BAD) as subscription:
        assert (await subscription.receive())["type"] == "error"
        await subscription.send("nonsense")
        await subscription.socket.wait_closed()
    after = await scrape(api)
    told = {"BAD_ID": 3, "INVALID_DOCUMENT": 3, "NOT_ACCEPTABLE": 1, "WRONG_CONTENT_TYPE": 1, "4400": 1}
    assert {code: more(after, before, "vedette_api_errors_total", code=code) for code in told} == told


async def test_mutations_are_counted_by_what_came_of_them(api: Api, database: Database) -> None:
    await seeds.code_location(database)
    there, gone = ids.encode("Sensor", await seeds.sensor(database)), ids.encode("Sensor", new_id())
    stop = """mutation Stop($id: ID!, $key: String) {
        stopSensor(input: {sensorId: $id, idempotencyKey: $key}) { errors { __typename } } }"""
    before = await scrape(api)
    for _ in range(3):
        await api.query(stop, id=there, key="once")
    await api.query(stop, id=gone)
    await api.answer(stop, id="nonsense")
    after = await scrape(api)
    told = {"DONE": 1, "REPEATED": 2, "NotFound": 1, "BAD_ID": 1}
    name = "vedette_api_mutations_total"
    assert {result: more(after, before, name, mutation="stopSensor", result=result) for result in told} == told


async def test_requests_are_counted_by_path_and_status(api: Api) -> None:
    before = await scrape(api)
    await api.query(QUERY)
    await api.client.post(api.url, content="no", headers={"content-type": "text/plain"})
    for path in ("/a", "/b"):
        await api.client.post(f"{api.address}{path}", json={})
    after = await scrape(api)
    name = "vedette_api_requests_total"
    assert more(after, before, name, path="/graphql", status="200") == 1
    assert more(after, before, name, path="/graphql", status="415") == 1
    assert more(after, before, name, path="other", status="405") == 2


async def test_how_deep_and_costly_operations_are_is_told_of_those_that_are_executed(api: Api) -> None:
    before = await scrape(api)
    await api.query("{ sensors(first: 30) { edges { node { ...N } } } } fragment N on Sensor { name }")
    await api.answer(BAD)
    after = await scrape(api)
    for name, total in (("depth", 4), ("cost", 30)):
        assert more(after, before, f"vedette_api_operation_{name}_count") == 1
        assert more(after, before, f"vedette_api_operation_{name}_sum") == total


async def test_documents_that_are_remembered_are_told_from_those_that_are_validated(api: Api) -> None:
    before = await scrape(api)
    for _ in range(3):
        await api.query("query Remembered { sensors(first: 2) { edges { node { name } } } }")
    after = await scrape(api)
    counts = {one: more(after, before, "vedette_api_documents_total", outcome=one) for one in ("hit", "miss")}
    assert counts == {"hit": 2, "miss": 1}


async def test_connections_are_told_by_protocol(api: Api) -> None:
    def opened(found: Samples) -> list[float]:
        return [value(found, "vedette_api_open", what=one) for one in ("websockets", "event_streams", "connections")]

    async with api.subscribe(FOLLOW), api.subscribe(FOLLOW):
        stream = {"accept": "text/event-stream"}
        async with api.client.stream("POST", f"{api.url}/stream", json={"query": FOLLOW}, headers=stream):
            while opened(await scrape(api)) != [2, 1, 3]:
                pass
    while opened(await scrape(api)) != [0, 0, 0]:
        pass


LAG = "vedette_api_fan_out_seconds"
RESUME = "subscription Resume { ticks(after: 0) { ... on TickChanged { position } } }"


async def test_news_is_as_late_as_the_database_says_whatever_clock_the_server_has(api: Api, database: Database) -> None:
    await seeds.code_location(database)
    sensor = await seeds.sensor(database)
    async with api.subscribe(RESUME) as one, api.subscribe(RESUME) as other:

        async def told(count: int, before: Samples) -> Samples:
            for subscription in (one, other):
                await subscription.next()
            # A subscriber may have it before it is counted.
            while more(found := await scrape(api), before, f"{LAG}_count") < count:
                pass
            return found

        # From the second on nobody catches up, and each is told at once.
        await seeds.tick(database, sensor, 1)
        begun = await told(0, await scrape(api))
        await seeds.tick(database, sensor, 2)
        fresh = await told(2, begun)
        assert 0 < more(fresh, begun, f"{LAG}_sum") < 60
        # As if it had been committed an hour ago, and nobody had been told.
        await seeds.execute(
            database,
            """WITH taken AS (UPDATE streams SET position = position + 1 WHERE name = 'ticks' RETURNING position)
            INSERT INTO tick_changes (position, tick_id, sensor_id, status, at)
            SELECT taken.position, ticks.id, ticks.sensor_id, ticks.status, now() - interval '1 hour'
            FROM taken, ticks WHERE number = 1""",
        )
        late = await told(2, fresh)
    assert 7200 <= more(late, fresh, f"{LAG}_sum") < 7320


async def test_who_catches_up_on_the_past_is_not_late(api: Api, database: Database) -> None:
    await seeds.code_location(database)
    sensor = await seeds.sensor(database)
    for number in range(3):
        await seeds.tick(database, sensor, number + 1)
    before = await scrape(api)
    async with api.subscribe(RESUME) as subscription:
        assert len(await subscription.take(3)) == 3
    assert more(await scrape(api), before, f"{LAG}_count") == 0
