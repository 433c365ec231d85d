"""Tokens: how they are shown, what they open, and how soon one that is revoked opens nothing."""

import asyncio
import json
import logging
from typing import Any

import httpx
import pytest

import seeds
from serving import Api, Subscription, eventually, is_listened_to, serving
from vedette.bus import Bus, topics
from vedette.domain.access import Role
from vedette.graphql import ids
from vedette.settings import Settings
from vedette.storage.database import Database

WHO = "{ viewer { name role codeLocations } }"
TICKS = "subscription { ticks { __typename ... on TickChanged { tick { number } } } }"
CREATE = """
mutation($input: CreateTokenInput!) { createToken(input: $input) {
  secret token { id name prefix role codeLocations createdBy expiresAt revokedAt lastUsedAt }
  errors { __typename message path } } }
"""
REVOKE = """
mutation($input: RevokeTokenInput!) { revokeToken(input: $input) { token { revokedAt } errors { __typename } } }
"""


@pytest.fixture
def settings() -> Settings:
    # Polling so seldom that only what is pushed is in time.
    return Settings(poll_seconds=600, authentication="tokens")


@pytest.fixture
async def admin(api: Api, database: Database) -> Api:
    await seeds.token(database, "boss", Role.ADMIN)
    return api.shown("vdt_boss")


async def close(api: Api, payload: Any = None) -> int:
    """Begin a socket with a payload; return the code it is closed with."""
    async with api.connect() as socket:
        await socket.send(json.dumps({"type": "connection_init", "payload": payload}))
        async with asyncio.timeout(20):
            await socket.wait_closed()
        assert socket.close_code is not None
        return socket.close_code


async def test_without_a_good_token_nothing_is_told(api: Api, admin: Api) -> None:
    for headers in ({}, {"authorization": "Bearer vdt_wrong"}, {"authorization": "Basic vdt_boss"}):
        for method, path in (("POST", "/graphql"), ("POST", "/graphql/stream"), ("GET", "/graphql?query={__typename}")):
            body = {"query": "{ nothing of it is looked at"} if method == "POST" else None
            accept = "text/event-stream" if path.endswith("stream") else "application/json"
            shown = {**headers, "accept": accept}
            answer = await api.client.request(method, f"{api.address}{path}", headers=shown, json=body)
            assert answer.status_code == 401, (headers, path)
            [error] = answer.json()["errors"]
            assert error["extensions"]["code"] == "UNAUTHENTICATED"
            assert "vdt_wrong" not in answer.text
    assert await close(api) == 4401
    assert await close(api, {"authorization": "Bearer vdt_wrong"}) == 4401
    assert (await admin.query(WHO))["viewer"] == {"name": "boss", "role": "ADMIN", "codeLocations": None}


async def test_no_log_line_holds_a_token(api: Api, admin: Api, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    made = await admin.query(CREATE, input={"name": "ci", "role": "VIEWER"})
    secret = made["createToken"]["secret"]
    await api.shown(secret).query(WHO)
    assert await close(api, {"authorization": "Bearer vdt_wrong"}) == 4401
    # What nobody expected is logged with all that is known of it.
    await api.shown(secret).answer("{ node(id: 1) { id } }")
    # httpx, which the test itself asks with, tells what it sends at this level.
    ours = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("vedette"))
    assert secret not in ours
    assert "vdt_wrong" not in ours


async def test_health_is_told_to_everybody(api: Api) -> None:
    assert (await api.client.get(f"{api.address}/healthz")).status_code == 200


@pytest.mark.parametrize("payload", [{"authorization": "Bearer vdt_boss"}, {"Authorization": "bearer vdt_boss"}])
async def test_a_socket_shows_its_token_where_browsers_can(api: Api, admin: Api, payload: Any) -> None:
    async with api.connect() as socket:
        subscription = Subscription(socket)
        await subscription.send({"type": "connection_init", "payload": payload})
        assert (await subscription.receive())["type"] == "connection_ack"
        await subscription.send({"id": "1", "type": "subscribe", "payload": {"query": WHO}})
        assert (await subscription.next())["viewer"]["name"] == "boss"


async def test_a_token_is_shown_once_and_works(api: Api, admin: Api, database: Database) -> None:
    wanted = {"name": "ci", "role": "OPERATOR", "codeLocations": ["shop"], "idempotencyKey": "k"}
    made = (await admin.query(CREATE, input=wanted))["createToken"]
    secret, token = made["secret"], made["token"]
    assert secret.startswith(token["prefix"])
    assert token | {"id": 0, "prefix": 0} == {
        "id": 0,
        "prefix": 0,
        "name": "ci",
        "role": "OPERATOR",
        "codeLocations": ["shop"],
        "createdBy": "boss",
        "expiresAt": None,
        "revokedAt": None,
        "lastUsedAt": None,
    }
    assert (await api.shown(secret).query(WHO))["viewer"]["name"] == "ci"
    again = (await admin.query(CREATE, input=wanted))["createToken"]
    assert (again["secret"], again["token"]["id"]) == (None, token["id"])
    # Nowhere in the database does it stand, in whatever table.
    tables = await seeds.execute(database, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    for [table] in tables:
        [[found]] = await seeds.execute(
            database, f"SELECT count(*) FROM {table} AS row WHERE CAST(row AS text) LIKE '%' || :secret || '%'",
            secret=secret,
        )  # fmt: skip
        assert found == 0, table


@pytest.mark.parametrize(
    ("wanted", "kind", "path"),
    [
        ({"name": "boss", "role": "VIEWER"}, "TokenNameTaken", ["name"]),
        ({"name": " ", "role": "VIEWER"}, "InvalidInput", ["name"]),
        ({"name": "a" * 101, "role": "VIEWER"}, "InvalidInput", ["name"]),
        ({"name": "a", "role": "VIEWER", "codeLocations": []}, "InvalidInput", ["codeLocations"]),
        ({"name": "a", "role": "VIEWER", "expiresAt": "2001-01-01T00:00:00Z"}, "InvalidInput", ["expiresAt"]),
    ],
)
async def test_what_cannot_be_made_is_refused(admin: Api, wanted: Any, kind: str, path: list[str]) -> None:
    made = (await admin.query(CREATE, input=wanted))["createToken"]
    assert (made["token"], made["secret"]) == (None, None)
    assert [(error["__typename"], error["path"]) for error in made["errors"]] == [(kind, path)]


async def test_an_expired_token_is_none(api: Api, admin: Api, database: Database) -> None:
    await seeds.token(database, "old")
    await seeds.execute(database, "UPDATE tokens SET expires_at = now() WHERE name = 'old'")
    answer = await api.client.post(api.url, json={"query": WHO}, headers=api.shown("vdt_old").headers)
    assert answer.status_code == 401


async def test_what_uses_a_revoked_token_ends_at_once_and_nothing_else_does(
    api: Api, admin: Api, database: Database, bus: Bus
) -> None:
    gone = ids.encode("ApiToken", await seeds.token(database, "gone"))
    await seeds.token(database, "stays")
    sensor = None
    await seeds.code_location(database)
    sensor = await seeds.sensor(database)
    leaving, staying = api.shown("vdt_gone"), api.shown("vdt_stays")
    stream = {"query": TICKS}
    headers = {**leaving.headers, "accept": "text/event-stream"}
    async with (
        leaving.subscribe(TICKS) as cut,
        staying.subscribe(TICKS) as kept,
        api.client.stream("POST", f"{api.url}/stream", json=stream, headers=headers) as events,
    ):
        assert events.status_code == 200
        await eventually(lambda: is_listened_to(bus, topics.TICKS))
        await admin.query(REVOKE, input={"tokenId": gone})
        async with asyncio.timeout(3):
            await cut.socket.wait_closed()
            told = [line async for line in events.aiter_lines()]
        assert cut.socket.close_code == 4403
        assert any("UNAUTHENTICATED" in line for line in told)
        refused = await api.client.post(api.url, json={"query": WHO}, headers=leaving.headers)
        assert refused.status_code == 401
        # They shared an execution.
        await seeds.tick(database, sensor, 1)
        bus.knock(topics.TICKS)
        assert (await kept.next())["ticks"]["tick"]["number"] == 1


async def test_another_server_ends_them_too(database: Database, bus: Bus, database_url: str, admin: Api) -> None:
    gone = ids.encode("ApiToken", await seeds.token(database, "gone"))
    settings = Settings(poll_seconds=600, authentication="tokens")
    async with (
        Bus(database_url) as other_bus,
        serving(database, other_bus, settings) as other,
        other.shown("vdt_gone").subscribe(TICKS) as cut,
    ):
        await admin.query(REVOKE, input={"tokenId": gone})
        async with asyncio.timeout(5):
            await cut.socket.wait_closed()
        assert cut.socket.close_code == 4403


@pytest.mark.parametrize("column", ["expires_at", "revoked_at"])
async def test_a_token_that_ends_without_a_knock_ends_both_kinds_of_stream(
    database: Database, bus: Bus, column: str
) -> None:
    await seeds.token(database, "gone")
    async with serving(database, bus, Settings(poll_seconds=0.1, authentication="tokens")) as api:
        gone = api.shown("vdt_gone")
        headers = {**gone.headers, "accept": "text/event-stream"}
        async with (
            gone.subscribe(TICKS) as cut,
            api.client.stream("POST", f"{api.url}/stream", json={"query": TICKS}, headers=headers) as events,
        ):
            await seeds.execute(database, f"UPDATE tokens SET {column} = now() WHERE name = 'gone'")
            async with asyncio.timeout(10):
                await cut.socket.wait_closed()
                told = [line async for line in events.aiter_lines()]
        assert cut.socket.close_code == 4403
        assert any("UNAUTHENTICATED" in line for line in told)


async def test_when_a_token_was_last_used_is_told(database: Database, bus: Bus) -> None:
    await seeds.token(database, "boss", Role.ADMIN)
    async with serving(database, bus, Settings(poll_seconds=0.1, authentication="tokens")) as api:
        used: Any = None
        while used is None:
            page = await api.shown("vdt_boss").query("{ tokens { edges { node { name lastUsedAt } } } }")
            used = page["tokens"]["edges"][0]["node"]["lastUsedAt"]
            await asyncio.sleep(0.05)


async def test_what_is_answered_together_is_told_by_reach_and_who_one_is_to_oneself(
    api: Api, database: Database
) -> None:
    names = [f"token{number}" for number in range(8)]
    for name in names:
        await seeds.token(database, name)
    found = await asyncio.gather(*(api.shown(f"vdt_{name}").query(WHO) for name in names))
    assert [one["viewer"]["name"] for one in found] == names


async def test_without_authentication_everybody_may_do_everything(database: Database, bus: Bus) -> None:
    async with serving(database, bus, Settings()) as api:
        who = (await api.query(WHO))["viewer"]
        assert who == {"name": "anonymous", "role": "ADMIN", "codeLocations": None}
        assert isinstance(api.client, httpx.AsyncClient)
