"""Signing in on the page with a token: the cookie, what ends it, and what it may not be used for."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus

import seeds
from serving import Api, Subscription, serving
from vedette.bus import Bus
from vedette.domain.access import Role
from vedette.settings import Settings
from vedette.storage.database import Database

WHO = "{ viewer { name role codeLocations isSignedIn expiresAt isReadOnly } }"
TICKS = "subscription { ticks { __typename } }"
MUTATION = 'mutation { addDynamicPartition(input: {partitionsDefinition: "a", key: "b"}) { errors { message } } }'
SECONDS = 30.0


@pytest.fixture
def settings() -> Settings:
    # Polling so seldom that only what is pushed is in time.
    return Settings(poll_seconds=600, authentication="tokens")


@pytest.fixture
async def api(database: Database, bus: Bus, settings: Settings) -> AsyncIterator[Api]:
    async with serving(database, bus, settings) as api:
        yield api


@asynccontextmanager
async def browsing(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    """Open a browser, as far as cookies go."""
    async with httpx.AsyncClient(base_url=api.address, timeout=SECONDS) as browser:
        yield browser


@pytest.fixture
async def browser(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    async with browsing(api) as browser:
        yield browser


async def sign_in(browser: httpx.AsyncClient, token: str, **headers: str) -> httpx.Response:
    return await browser.post("/auth/token", json={"token": token}, headers=headers)


async def asked(browser: httpx.AsyncClient, query: str = WHO, **headers: str) -> httpx.Response:
    return await browser.post("/graphql", json={"query": query}, headers={"accept": "application/json", **headers})


def reason(answer: httpx.Response) -> tuple[int, str, str]:
    [error] = answer.json()["errors"]
    return answer.status_code, error["extensions"]["reason"], error["message"]


def cookie(browser: httpx.AsyncClient) -> str:
    return "; ".join(f"{name}={value}" for name, value in browser.cookies.items())


async def test_a_token_is_exchanged_for_a_cookie_that_no_script_and_no_other_site_has(
    browser: httpx.AsyncClient, database: Database
) -> None:
    await seeds.token(database, "ann", Role.OPERATOR, ("shop",))
    done = await sign_in(browser, "vdt_ann")
    assert done.status_code == 204
    [given] = done.headers.get_list("set-cookie")
    assert given.startswith("vedette_session=vds_")
    for part in ("HttpOnly", "SameSite=strict", "Max-Age=43200", "Path=/"):
        assert part in given
    assert "vdt_ann" not in str(done.headers)
    viewer = (await asked(browser)).json()["data"]["viewer"]
    expires_at = viewer.pop("expiresAt")
    assert expires_at is not None
    expected = {"name": "ann", "role": "OPERATOR", "codeLocations": ["shop"]}
    assert viewer == {**expected, "isSignedIn": True, "isReadOnly": False}


async def test_over_https_the_cookie_is_bound_to_the_host(database: Database, bus: Bus, settings: Settings) -> None:
    await seeds.token(database, "ann")
    behind = settings.model_copy(
        update={"public_url": "https://vedette.example", "allowed_hosts": ("vedette.example",)}
    )
    async with serving(database, bus, behind) as api, browsing(api) as browser:
        done = await sign_in(browser, "vdt_ann", host="vedette.example", origin="https://vedette.example")
        [given] = done.headers.get_list("set-cookie")
        assert given.startswith("__Host-vedette_session=")
        assert "Secure" in given


async def test_why_a_token_is_not_taken_is_said(browser: httpx.AsyncClient, database: Database) -> None:
    for name in ("gone", "old"):
        await seeds.token(database, name)
    await seeds.execute(database, "UPDATE tokens SET revoked_at = now() WHERE name = 'gone'")
    await seeds.execute(database, "UPDATE tokens SET expires_at = now() WHERE name = 'old'")
    assert reason(await sign_in(browser, "vdt_gone")) == (
        401, "REVOKED", "The token was revoked; ask an admin for another.",
    )  # fmt: skip
    assert reason(await sign_in(browser, "vdt_old")) == (
        401, "EXPIRED", "The token has expired; ask an admin for another.",
    )  # fmt: skip
    assert reason(await sign_in(browser, "vdt_wrong"))[:2] == (401, "UNKNOWN")
    assert reason(await sign_in(browser, "hunter2")) == (
        401, "UNKNOWN", "That is no token of Vedette: those begin with vdt_.",
    )  # fmt: skip
    assert (await browser.post("/auth/token", json={})).status_code == 400
    assert not browser.cookies


async def test_a_session_is_no_token(browser: httpx.AsyncClient, database: Database) -> None:
    await seeds.token(database, "ann")
    await sign_in(browser, "vdt_ann")
    assert (await sign_in(browser, browser.cookies["vedette_session"])).status_code == 401


@pytest.mark.parametrize(("column", "why"), [("revoked_at", "REVOKED"), ("expires_at", "EXPIRED")])
async def test_a_session_and_its_streams_end_with_the_token(
    database: Database, bus: Bus, column: str, why: str
) -> None:
    await seeds.token(database, "ann")
    async with (
        serving(database, bus, Settings(poll_seconds=0.2, authentication="tokens")) as api,
        browsing(api) as browser,
    ):
        await sign_in(browser, "vdt_ann")
        headers = {"accept": "text/event-stream"}
        async with (
            api.connect(additional_headers={"cookie": cookie(browser), "origin": api.address}) as socket,
            browser.stream("POST", "/graphql/stream", json={"query": TICKS}, headers=headers) as events,
        ):
            await Subscription(socket).start(TICKS)
            await seeds.execute(database, f"UPDATE tokens SET {column} = now() WHERE name = 'ann'")
            async with asyncio.timeout(5):
                await socket.wait_closed()
                told = [line async for line in events.aiter_lines()]
            assert socket.close_code == 4403
            assert any("UNAUTHENTICATED" in line for line in told)
        await asyncio.sleep(1.1)  # as long as it is remembered for
        assert reason(await asked(browser))[1] == why


async def test_signing_out_ends_the_session_and_leaves_the_token(
    api: Api, browser: httpx.AsyncClient, database: Database
) -> None:
    await seeds.token(database, "ann")
    await sign_in(browser, "vdt_ann")
    kept = cookie(browser)
    async with api.connect(additional_headers={"cookie": kept, "origin": api.address}) as socket:
        await Subscription(socket).start(TICKS)
        assert (await browser.post("/auth/logout", json={})).status_code == 204
        async with asyncio.timeout(5):
            await socket.wait_closed()
        assert socket.close_code == 4403
    assert reason(await asked(browser))[1] == "MISSING"
    async with browsing(api) as thief:
        assert reason(await asked(thief, cookie=kept))[1] == "SIGNED_OUT"
    assert (await api.shown("vdt_ann").query(WHO))["viewer"]["isSignedIn"] is False


async def test_a_session_lasts_no_longer_than_its_token(browser: httpx.AsyncClient, database: Database) -> None:
    await seeds.token(database, "short")
    await seeds.execute(database, "UPDATE tokens SET expires_at = now() + interval '1 hour' WHERE name = 'short'")
    [given] = (await sign_in(browser, "vdt_short")).headers.get_list("set-cookie")
    seconds = int(given.partition("Max-Age=")[2].partition(";")[0])
    assert 3500 < seconds <= 3600
    [[expires]] = await seeds.execute(database, "SELECT expires_at FROM tokens WHERE name = 'short'")
    told = (await asked(browser)).json()["data"]["viewer"]["expiresAt"]
    assert told[:19] <= expires.isoformat()[:19]


async def test_other_sites_cannot_use_the_session(api: Api, browser: httpx.AsyncClient, database: Database) -> None:
    await seeds.token(database, "ann", Role.ADMIN)
    elsewhere = {"origin": "https://evil.example"}
    # Nor have somebody signed in as whom they like.
    assert (await sign_in(browser, "vdt_ann", **elsewhere)).status_code == 403
    form = {"content-type": "text/plain"}
    assert (await browser.post("/auth/token", content='{"token": "vdt_ann"}', headers=form)).status_code == 415
    await sign_in(browser, "vdt_ann")
    assert (await asked(browser, MUTATION, **elsewhere)).status_code == 403
    assert (await browser.post("/graphql", content=json.dumps({"query": MUTATION}), headers=form)).status_code == 415
    assert (await browser.get("/graphql", params={"query": MUTATION}, headers={"accept": "*/*"})).status_code == 405
    stream = {"accept": "text/event-stream"}
    hidden = {**stream, "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}
    assert (await browser.get("/graphql/stream", params={"query": TICKS}, headers=hidden)).status_code == 403
    posted = await browser.post("/graphql/stream", json={"query": MUTATION}, headers={**stream, **elsewhere})
    assert posted.status_code == 403
    assert (await browser.post("/auth/logout", json={}, headers=elsewhere)).status_code == 403
    assert (await browser.get("/auth/logout")).status_code in {404, 405}
    with pytest.raises(InvalidStatus) as refused:
        async with api.connect(additional_headers={"cookie": cookie(browser), **elsewhere}):
            pass
    assert refused.value.response.status_code == 403
    assert (await asked(browser, MUTATION)).status_code == 200


async def test_the_ways_to_sign_in_are_told_to_everybody(
    browser: httpx.AsyncClient, database: Database, bus: Bus
) -> None:
    assert (await browser.get("/auth/ways")).json() == {"authentication": "tokens", "provider": None}
    options: dict[str, Any] = {"authentication": "oidc", "oidc_issuer": "https://id.example/realm"}
    oidc = Settings(**options, oidc_client_id="vedette", oidc_roles=("*=viewer",))
    async with serving(database, bus, oidc) as api, browsing(api) as other:
        provider = {"name": "id.example", "address": "/auth/login"}
        assert (await other.get("/auth/ways")).json() == {"authentication": "oidc", "provider": provider}
    async with serving(database, bus, Settings()) as api, browsing(api) as other:
        assert (await other.get("/auth/ways")).json() == {"authentication": "none", "provider": None}
        assert (await other.post("/auth/token", json={"token": "vdt_a"})).status_code == 405


async def test_the_page_is_for_everybody_and_what_it_asks_for_is_not(browser: httpx.AsyncClient) -> None:
    page = await browser.get("/sensors/a/b", headers={"accept": "text/html"})
    assert page.status_code == 200
    assert reason(await asked(browser))[:2] == (401, "MISSING")


async def test_neither_token_nor_cookie_is_logged(
    browser: httpx.AsyncClient, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await seeds.token(database, "ann")
    await sign_in(browser, "vdt_ann")
    await sign_in(browser, "vdt_wrong")
    await asked(browser)
    ours = "\n".join(record.getMessage() for record in caplog.records if not record.name.startswith("http"))
    for secret in ("vdt_ann", "vdt_wrong", browser.cookies["vedette_session"]):
        assert secret not in ours


async def test_a_session_counts_towards_its_token(database: Database, bus: Bus) -> None:
    await seeds.token(database, "ann")
    settings = Settings(authentication="tokens", token_requests_per_minute=3)
    async with serving(database, bus, settings) as api, browsing(api) as one, browsing(api) as two:
        await sign_in(one, "vdt_ann")
        await sign_in(two, "vdt_ann")
        statuses = [(await asked(each)).status_code for each in (one, two, one, two)]
        assert statuses == [200, 200, 200, 429]
        assert (
            await api.client.post(api.url, json={"query": WHO}, headers=api.shown("vdt_ann").headers)
        ).status_code == 429
