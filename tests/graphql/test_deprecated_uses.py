"""Who uses what is deprecated, on a server whose schema has deprecated members of every kind."""

import asyncio
import sys
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

import pytest
from graphql import GraphQLObjectType

import seeds
from scraping import scrape, value
from serving import Api, Subscription, eventually, serving
from statements import counted_statements
from vedette.bus import Bus
from vedette.cli.versions import installed_version
from vedette.client import Client
from vedette.domain.access import Role
from vedette.errors import DatabaseError
from vedette.graphql.documents import deprecated_counts
from vedette.graphql.schema import schema
from vedette.settings import Settings
from vedette.storage.access import deprecated_uses
from vedette.storage.database import Database

TYPES: dict[str, Any] = schema._schema.type_map
REASON = "Use `Sensor.id` instead; it is removed after 2027-06-30."
USING = "query Using($filter: TickFilter) { ticks(filter: $filter) { edges { node { number } } } }"
NAMES = "{ sensors { edges { node { name } } } }"
METRIC = "vedette_api_deprecated_uses_total"
USES = "{ deprecatedUses { edges { node { member clientName clientVersion actor uses firstUsedAt lastUsedAt } } } }"


@pytest.fixture(autouse=True)
def _deprecated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deprecate a field, an argument, an enum value and an input field, as if the schema said so."""
    sensor, query = TYPES["Sensor"], TYPES["Query"]
    assert isinstance(sensor, GraphQLObjectType)
    for member in (
        sensor.fields["name"],
        query.fields["sensors"].args["first"],
        TYPES["TickStatus"].values["SKIPPED"],
        TYPES["TickFilter"].fields["sensorName"],
    ):
        monkeypatch.setattr(member, "deprecation_reason", REASON)


def headers(name: str, version: str = "1.2") -> dict[str, str]:
    return {"graphql-client-name": name, "graphql-client-version": version}


def named(api: Api, name: str, version: str = "1.2") -> Api:
    return Api(api.address, api.client, {**api.headers, **headers(name, version)})


Uses = list[tuple[str, str | None, str | None, int]]


async def uses(api: Api, enough: Callable[[Uses], bool]) -> Uses:
    """Return who used what, by which version and how often, once that is enough."""
    async with asyncio.timeout(20):
        while True:
            edges = (await api.query(USES))["deprecatedUses"]["edges"]
            found = [(one["member"], one["clientName"], one["clientVersion"], one["uses"]) for one in map(_node, edges)]
            if enough(found):
                return found
            await asyncio.sleep(0.05)


def _node(edge: Any) -> Any:
    return edge["node"]


def of(*names: str | None) -> Callable[[Uses], bool]:
    """Return the condition that all these clients are told of."""
    return lambda found: {name for _, name, _, _ in found} >= set(names)


async def test_members_of_every_kind_are_counted_for_each_client(api: Api) -> None:
    before = await scrape(api)
    shop = named(api, "shop")
    for _ in range(3):
        await shop.query(NAMES)
    unused = "query B { ...F } query A { sensors { edges { node { id } } } } fragment F on Query " + NAMES
    body = {"query": unused, "operationName": "A"}
    assert "errors" not in (await api.client.post(api.url, json=body, headers=shop.headers)).json()
    await named(api, "till", "3").query("{ sensors(first: 1) { edges { node { id } } } }")
    await shop.query(USING, filter={"status": ["SKIPPED", "FAILURE"], "sensorName": "a"})
    await shop.query(USING, filter={"status": ["FAILURE"]})
    await shop.query("{ ticks(filter: {status: [SKIPPED]}) { edges { node { number } } } }")
    found = await uses(api, lambda found: of("shop", "till")(found) and sum(one[-1] for one in found) == 7)
    assert found == [
        ("Query.sensors(first:)", "till", "3", 1),
        ("Sensor.name", "shop", "1.2", 3),
        ("TickFilter.sensorName", "shop", "1.2", 1),
        ("TickStatus.SKIPPED", "shop", "1.2", 2),
    ]
    after = await scrape(api)
    for member, client, _, count in found:
        labels = {"member": member, "client": str(client)}
        assert value(after, METRIC, **labels) - value(before, METRIC, **labels) == count


async def test_clients_name_themselves_over_websockets_and_event_streams_too(api: Api, database: Database) -> None:
    follow = "subscription { pulses(sensorIds: []) { sensor { name } } }"
    async with api.connect() as socket:
        subscription = Subscription(socket)
        payload = {"Graphql-Client-Name": "dashboard", "graphql-client-version": "7"}
        await subscription.send({"type": "connection_init", "payload": payload})
        assert (await subscription.receive())["type"] == "connection_ack"
        for number in range(2):
            await subscription.send({"id": str(number), "type": "subscribe", "payload": {"query": follow}})
        await uses(api, of("dashboard"))
    async with named(api, "handshake").subscribe(follow):
        await uses(api, of("handshake"))
    told = {"accept": "text/event-stream", **headers("events")}
    async with api.client.stream("POST", f"{api.url}/stream", json={"query": follow}, headers=told) as response:
        assert response.status_code == 200
        found = await uses(api, of("events"))
    assert [(member, client, version) for member, client, version, _ in found] == [
        ("Sensor.name", "dashboard", "7"),
        ("Sensor.name", "events", "1.2"),
        ("Sensor.name", "handshake", "1.2"),
    ]


async def test_who_does_not_name_itself_is_told_by_its_token(database: Database, bus: Bus, settings: Settings) -> None:
    guarded = settings.model_copy(update={"authentication": "tokens"})
    await seeds.token(database, "boss", Role.ADMIN)
    await seeds.token(database, "till", Role.VIEWER)
    async with serving(database, bus, guarded) as api:
        await api.shown("vdt_till").query(NAMES)
        boss = api.shown("vdt_boss")
        await uses(boss, of(None))
        [edge] = (await boss.query(USES))["deprecatedUses"]["edges"]
    one = edge["node"]
    assert (one["clientName"], one["clientVersion"], one["actor"], one["uses"]) == (None, None, "till", 1)
    assert one["firstUsedAt"] == one["lastUsedAt"]


async def test_nothing_is_written_for_each_request_and_all_is_when_the_server_stops(
    database: Database, bus: Bus
) -> None:
    patient = Settings(poll_seconds=600)
    async with serving(database, bus, patient) as api:
        await named(api, "shop").query(NAMES)
        with counted_statements() as statements:
            for _ in range(50):
                await named(api, "shop").query(NAMES)
        assert not [one for one in statements if "deprecated_uses" in one]
        assert (await api.query(USES))["deprecatedUses"]["edges"] == []
    async with serving(database, bus, patient) as api:
        await named(api, "shop").query(NAMES)
        assert await uses(api, of("shop")) == [("Sensor.name", "shop", "1.2", 51)]
    async with serving(database, bus, patient) as api:
        assert await uses(api, of("shop")) == [("Sensor.name", "shop", "1.2", 52)]


async def test_what_the_database_could_not_take_is_noted_when_it_can(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    add, refusals = deprecated_uses.add, 0

    async def away(*arguments: Any) -> None:
        nonlocal refusals
        if refusals < 2:
            refusals += 1
            raise DatabaseError("away")
        await add(*arguments)

    monkeypatch.setattr(deprecated_uses, "add", away)
    await named(api, "shop").query(NAMES)
    await eventually(lambda: refusals == 2)
    await named(api, "shop").query(NAMES)
    await uses(api, lambda found: found == [("Sensor.name", "shop", "1.2", 2)])


async def test_clients_cannot_make_more_names_than_there_is_room_for(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deprecated_uses, "MOST_ROWS", 3)
    monkeypatch.setattr(deprecated_counts, "MOST_USERS", 20)
    for number in range(deprecated_counts.MOST_CLIENTS + 20):
        await named(api, f"crowd {number}" + "\t!" * 1000, "9" * 1000).query(NAMES)
    found = await scrape(api)
    clients = {dict(labels)["client"] for name, labels in found if name == METRIC}
    assert "other" in clients
    assert len([one for one in clients if one.startswith("crowd")]) <= deprecated_counts.MOST_CLIENTS
    everybody = deprecated_counts.MOST_CLIENTS + 20
    rows = await uses(api, lambda found: sum(one[-1] for one in found) == everybody)
    # Servers may be a batch beyond it; whoever is new from then on is one of the others.
    assert len(rows) <= 3 + 20 + 1
    assert all(len(str(name)) <= 60 and str(name).isprintable() for _, name, _, _ in rows)


async def test_a_page_leads_to_the_next(api: Api) -> None:
    for name in ("a", "b", "c"):
        await named(api, name).query(NAMES)
    await uses(api, of("a", "b", "c"))
    text = """query($after: String) { deprecatedUses(first: 2, after: $after) {
        edges { node { clientName } } pageInfo { hasNextPage endCursor } } }"""
    first = (await api.query(text))["deprecatedUses"]
    second = (await api.query(text, after=first["pageInfo"]["endCursor"]))["deprecatedUses"]
    assert [edge["node"]["clientName"] for page in (first, second) for edge in page["edges"]] == ["a", "b", "c"]
    assert (first["pageInfo"]["hasNextPage"], second["pageInfo"]["hasNextPage"]) == (True, False)


async def test_our_client_and_command_line_name_themselves(api: Api, database: Database) -> None:
    await seeds.code_location(database)
    await seeds.tick(database, await seeds.sensor(database), 1)
    async with Client(api.address) as client:
        await client.execute(NAMES)
        async with aclosing(client.follow_ticks(after="0")) as changes:
            async for _ in changes:
                break
    async with Client(api.address, headers={"GraphQL-Client-Name": "billing"}) as client:
        await client.execute(NAMES)

    words = [sys.executable, "-m", "vedette.cli", "sensor", "list", "--url", api.address]
    process = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.DEVNULL)
    assert await process.wait() == 0
    found = await uses(api, of("vedette-client", "vedette-cli", "billing"))
    told = {(client, version) for member, client, version, _ in found if member == "Sensor.name"}
    version = installed_version()
    assert told == {("vedette-client", version), ("vedette-cli", version), ("billing", version)}
    # The subscription is counted as any other operation.
    [count] = [count for member, client, _, count in found if (member, client) == ("Sensor.name", "vedette-client")]
    assert count == 2
