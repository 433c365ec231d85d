"""`/metrics` of a server of the API, over the wire."""

import math

import httpx
import pytest

import seeds
from scraping import Samples, parsed, scrape, value
from serving import Api, serving
from vedette.bus import Bus
from vedette.domain.catalog import SensorStatus
from vedette.settings import Settings
from vedette.storage.database import Database
from vedette.web.app import create_app, create_probes

QUERY = "query HowMany { sensors(first: 1) { edges { node { name } } } }"
BAD = "query Bad { sensors(first: 1) { edges { node { nonsense } } } }"
FOLLOW = "subscription Follow { ticks { __typename } }"


async def test_operations_are_counted_by_name_and_outcome(api: Api) -> None:
    before = await scrape(api)
    for _ in range(3):
        await api.query(QUERY)
    await api.answer('query Odd { sensor(by: {id: "x"}) { name } }')
    await api.answer(BAD)
    after = await scrape(api)

    def more(name: str, **labels: str) -> float:
        return value(after, name, **labels) - value(before, name, **labels)

    assert more("vedette_api_operations_total", operation="HowMany", kind="query", outcome="ok") == 3
    assert more("vedette_api_operation_seconds_count", operation="HowMany", kind="query") == 3
    assert more("vedette_api_operations_total", operation="Odd", kind="query", outcome="errors") == 1
    assert more("vedette_api_refused_total", reason="INVALID_DOCUMENT") == 1


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
