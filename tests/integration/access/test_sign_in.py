"""Signing in by OpenID Connect, at a provider that is a process of its own, as a browser does it."""

import asyncio
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from websockets.exceptions import InvalidStatus

import seeds
from serving import Api, Subscription, serving
from vedette.bus import Bus
from vedette.settings import Settings, load
from vedette.storage.database import Database

PEOPLE: list[dict[str, Any]] = [
    {"sub": "1", "email": "ann@example.org", "groups": ["admins", "people"]},
    {"sub": "2", "email": "bob@example.org", "groups": ["etl"]},
    {"sub": "3", "email": "eve@example.org", "groups": ["others"]},
]
ROLES = "admins=admin,etl=operator@etl+staging"
WHO = "{ viewer { name role codeLocations } }"
HTML = {"accept": "text/html"}
SECONDS = 30.0


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """Yield the address of a provider at which anybody can sign in as whom they like."""
    url = f"http://127.0.0.1:{(port := free_port())}"
    people = [word for person in PEOPLE for word in ("--user-claims", json.dumps(person))]
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--require-nonce", *people]
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as provider:
        try:
            transport = httpx.HTTPTransport(retries=100)
            with httpx.Client(transport=transport, timeout=SECONDS) as client:
                client.get(f"{url}/.well-known/openid-configuration").raise_for_status()
            yield url
        finally:
            provider.kill()


@pytest.fixture
def settings(issuer: str) -> Settings:
    options = {
        "authentication": "oidc", "oidc_issuer": issuer, "oidc_client_id": "vedette", "oidc_client_secret": "s3cret",
        "oidc_roles": ROLES, "poll_seconds": 600,
    }  # fmt: skip
    return load(options, {})[0]


@pytest.fixture
async def api(database: Database, bus: Bus, settings: Settings) -> AsyncIterator[Api]:
    async with serving(database, bus, settings) as api:
        yield api


@pytest.fixture
async def browser(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=api.address, headers=HTML, timeout=SECONDS) as browser:
        yield browser


async def at_provider(browser: httpx.AsyncClient, subject: str, path: str = "/") -> str:
    """Go where the page leads a stranger, and sign in there; return where the provider sends one then."""
    ways = (await browser.get("/auth/ways")).json()
    sent = await browser.get(ways["provider"]["address"], params={"next": path})
    assert sent.status_code == 303, sent.text
    async with httpx.AsyncClient(timeout=SECONDS) as outside:
        back = await outside.post(sent.headers["location"], data={"sub": subject})
    assert back.status_code == 302, back.text
    return str(back.headers["location"])


async def sign_in(browser: httpx.AsyncClient, subject: str, path: str = "/") -> httpx.Response:
    return await browser.get(await at_provider(browser, subject, path))


async def asked(browser: httpx.AsyncClient, query: str = WHO, **headers: str) -> httpx.Response:
    return await browser.post("/graphql", json={"query": query}, headers={"accept": "application/json", **headers})


async def test_who_signs_in_is_who_the_provider_says_with_the_role_of_their_groups(
    browser: httpx.AsyncClient,
) -> None:
    assert (await asked(browser)).status_code == 401
    done = await sign_in(browser, "1", "/sensors?status=RUNNING")
    assert (done.status_code, done.headers["location"]) == (303, "/sensors?status=RUNNING")
    viewer = {"name": "ann@example.org", "role": "ADMIN", "codeLocations": None}
    assert (await asked(browser)).json()["data"]["viewer"] == viewer
    assert (await browser.get("/")).status_code == 200


async def test_roles_may_be_confined_to_code_locations(browser: httpx.AsyncClient) -> None:
    await sign_in(browser, "2")
    viewer = {"name": "bob@example.org", "role": "OPERATOR", "codeLocations": ["etl", "staging"]}
    assert (await asked(browser)).json()["data"]["viewer"] == viewer


async def test_the_cookie_is_for_no_script_and_no_other_site(browser: httpx.AsyncClient) -> None:
    done = await sign_in(browser, "1")
    [cookie] = [one for one in done.headers.get_list("set-cookie") if one.startswith("vedette_session=")]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Max-Age=43200" in cookie
    assert "vds_" in cookie


async def test_over_https_cookies_are_bound_to_the_host(database: Database, bus: Bus, settings: Settings) -> None:
    behind = settings.model_copy(
        update={"public_url": "https://vedette.example", "allowed_hosts": ("vedette.example",)}
    )
    async with (
        serving(database, bus, behind) as api,
        httpx.AsyncClient(base_url=api.address, headers={**HTML, "host": "vedette.example"}) as browser,
    ):
        sent = await browser.get("/auth/login")
        [cookie] = sent.headers.get_list("set-cookie")
        assert cookie.startswith("__Host-vedette_sign_in=")
        assert "Secure" in cookie
        there = parse_qs(urlsplit(sent.headers["location"]).query)
        assert there["redirect_uri"] == ["https://vedette.example/auth/callback"]
        assert there["code_challenge_method"] == ["S256"]


async def test_somebody_without_a_role_is_not_let_in(browser: httpx.AsyncClient) -> None:
    done = await sign_in(browser, "3")
    assert done.status_code == 403
    assert "eve@example.org has no role here" in done.text
    assert (await asked(browser)).status_code == 401


async def test_a_sign_in_ends_in_the_browser_that_began_it(api: Api, browser: httpx.AsyncClient) -> None:
    back = await at_provider(browser, "1")
    async with httpx.AsyncClient(base_url=api.address, headers=HTML) as victim:
        # Led to the end of somebody else's sign-in, also in the middle of one of its own.
        assert (await victim.get(back)).status_code == 400
        await victim.get("/auth/login")
        assert (await victim.get(back)).status_code == 400
        assert (await asked(victim)).status_code == 401
    assert (await browser.get(back)).status_code == 303
    # Once.
    assert (await browser.get(back)).status_code == 400


async def test_what_the_provider_refuses_is_said(browser: httpx.AsyncClient) -> None:
    back = await at_provider(browser, "1")
    wrong = re.sub(r"code=[^&]+", "code=wrong", back)
    refused = await browser.get(wrong)
    assert refused.status_code == 403
    assert "s3cret" not in refused.text


@pytest.mark.parametrize(
    "path", ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", ""]
)
async def test_it_ends_at_an_address_of_this_server(browser: httpx.AsyncClient, path: str) -> None:
    sent = await browser.get("/auth/login", params={"next": path})
    async with httpx.AsyncClient(timeout=SECONDS) as outside:
        back = await outside.post(sent.headers["location"], data={"sub": "1"})
    assert (await browser.get(back.headers["location"])).headers["location"] == "/"


async def test_signing_out_ends_the_session_and_its_streams(api: Api, browser: httpx.AsyncClient) -> None:
    await sign_in(browser, "1")
    cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    stays = {"cookie": cookie, "origin": api.address}
    async with api.connect(additional_headers=stays) as socket:
        subscription = Subscription(socket)
        await subscription.start("subscription { ticks { __typename } }")
        out = await browser.post("/auth/logout", json={})
        assert out.status_code == 204
        async with asyncio.timeout(5):
            await socket.wait_closed()
        assert socket.close_code == 4403
    assert (await asked(browser)).status_code == 401
    # Whoever has kept the cookie has nothing.
    async with httpx.AsyncClient(base_url=api.address) as thief:
        assert (await asked(thief, cookie=cookie)).status_code == 401


async def test_a_session_ends_by_itself(browser: httpx.AsyncClient, database: Database) -> None:
    await sign_in(browser, "1")
    await seeds.execute(database, "UPDATE sessions SET expires_at = now()")
    await asyncio.sleep(1.1)  # as long as it is remembered for
    assert (await asked(browser)).status_code == 401


async def test_other_sites_cannot_use_the_session(api: Api, browser: httpx.AsyncClient) -> None:
    await sign_in(browser, "1")
    mutation = 'mutation { addDynamicPartition(input: {partitionsDefinition: "a", key: "b"}) { errors { message } } }'
    elsewhere = {"origin": "https://evil.example"}
    assert (await asked(browser, mutation, **elsewhere)).status_code == 403
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert (await browser.post("/graphql", data={"query": mutation}, headers=form)).status_code == 415
    assert (await browser.get("/graphql", params={"query": mutation}, headers={"accept": "*/*"})).status_code == 405
    assert (await browser.post("/auth/logout", json={}, headers=elsewhere)).status_code == 403
    # Neither can a link that is only followed.
    await browser.get("/auth/logout")
    cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    with pytest.raises(InvalidStatus) as refused:
        async with api.connect(additional_headers={"cookie": cookie, **elsewhere}):
            pass
    assert refused.value.response.status_code == 403
    assert (await asked(browser, mutation)).status_code == 200


async def test_tokens_are_good_too(api: Api, database: Database) -> None:
    await seeds.token(database, "ci")
    assert (await api.shown("vdt_ci").query(WHO))["viewer"]["name"] == "ci"


async def test_a_provider_that_is_away_is_said(database: Database, bus: Bus, settings: Settings) -> None:
    away = settings.model_copy(update={"oidc_issuer": f"http://127.0.0.1:{free_port()}"})
    async with serving(database, bus, away) as api:
        answer = await api.client.get(f"{api.address}/auth/login")
        assert answer.status_code == 502
        assert "does not answer" in answer.text
