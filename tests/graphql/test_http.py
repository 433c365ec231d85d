import asyncio
import gzip
import json
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

import seeds
from serving import TRANSPORT_WS, Api
from vedette.bus import Bus
from vedette.settings import Settings
from vedette.storage.database import Database
from vedette.web.app import create_app
from vedette.web.pages import CONTENT_SECURITY_POLICY
from vedette.web.server import serve_http

BODY = {"query": "{ codeLocations { name } }"}


def error_code(response: httpx.Response) -> str:
    [error] = response.json()["errors"]
    assert error["message"].endswith(".")
    return str(error["extensions"]["code"])


async def test_a_query_by_post_or_get(api: Api) -> None:
    posted = await api.client.post(api.url, json=BODY)
    gotten = await api.client.get(api.url, params=BODY)
    assert posted.json()["data"] == gotten.json()["data"]
    assert posted.json()["data"] == {"codeLocations": []}
    assert posted.headers["content-type"] == "application/json; charset=utf-8"


async def test_mutations_need_post(api: Api) -> None:
    document = 'mutation { startSensor(input: {sensorId: "x"}) { errors { message } } }'
    response = await api.client.get(api.url, params={"query": document})
    assert (response.status_code, error_code(response)) == (405, "METHOD_NOT_ALLOWED")
    assert response.headers["allow"] == "POST"


async def test_subscriptions_need_a_websocket(api: Api) -> None:
    response = await api.client.post(api.url, json={"query": "subscription { ticks { __typename } }"})
    assert (response.status_code, error_code(response)) == (400, "BAD_REQUEST")


NO_OPERATIONS = [
    b"",
    b"{",
    b"[]",
    b'"text"',
    b"null",
    b"{}",
    b"\xff",
    b'{"query": 1}',
    b'{"query": "{a}", "variables": 1}',
    b'[{"query": "{ codeLocations { name } }"}]',
    b"[" * 100_000,
]


async def test_a_body_that_is_no_operation_is_refused(api: Api) -> None:
    for body in NO_OPERATIONS:
        response = await api.client.post(api.url, content=body, headers={"content-type": "application/json"})
        assert (response.status_code, error_code(response)) == (400, "BAD_REQUEST")


OTHER_TYPES = [
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "",
    "json",
]


async def test_what_a_form_of_another_site_could_send_is_refused(api: Api) -> None:
    for content_type in OTHER_TYPES:
        headers = {"content-type": content_type}
        response = await api.client.post(api.url, content=json.dumps(BODY), headers=headers)
        assert (response.status_code, error_code(response)) == (415, "WRONG_CONTENT_TYPE")


JSON_TYPES = ["application/json", "application/json; charset=utf-8", 'Application/JSON;CHARSET="UTF-8"']


async def test_json_is_json(api: Api) -> None:
    for content_type in JSON_TYPES:
        headers = {"content-type": content_type}
        assert (await api.client.post(api.url, content=json.dumps(BODY), headers=headers)).status_code == 200


OTHER_HOSTS = ["evil.example", "evil.example:4400", "127.0.0.1.evil.example", "", "[", "10.0.0.1"]


async def test_a_name_that_was_bent_to_us_is_refused(api: Api) -> None:
    for host in OTHER_HOSTS:
        response = await api.client.post(api.url, json=BODY, headers={"host": host})
        assert (response.status_code, error_code(response)) == (421, "WRONG_HOST")
        assert (await api.client.get(api.url, params=BODY, headers={"host": host})).status_code == 421


OUR_HOSTS = ["localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:4400"]


async def test_our_own_names_are_answered(api: Api) -> None:
    for host in OUR_HOSTS:
        assert (await api.client.post(api.url, json=BODY, headers={"host": host})).status_code == 200


OTHER_ORIGINS = ["http://evil.example", "null", "http://127.0.0.1:1", "http://localhost", "http://["]


async def test_pages_of_other_origins_are_refused(api: Api) -> None:
    for origin in OTHER_ORIGINS:
        response = await api.client.post(api.url, json=BODY, headers={"origin": origin})
        assert (response.status_code, error_code(response)) == (403, "WRONG_ORIGIN")
        with pytest.raises(InvalidStatus) as refused:
            async with api.connect(origin=origin):
                pass
        assert refused.value.response.status_code == 403


async def test_no_page_of_another_origin_may_even_ask_unless_a_setting_names_it(api: Api) -> None:
    for origin in OTHER_ORIGINS:
        asked = {"origin": origin, "access-control-request-method": "POST"}
        for path in ("/graphql", "/graphql/stream", "/auth/token"):
            answer = await api.client.options(f"{api.address}{path}", headers=asked)
            assert answer.status_code in {400, 403}
            assert not [name for name in answer.headers if name.startswith("access-control-allow-origin")]
            assert "access-control-allow-credentials" not in answer.headers


async def test_our_own_page_is_answered(api: Api) -> None:
    assert (await api.client.post(api.url, json=BODY, headers={"origin": api.address})).status_code == 200
    async with api.connect(origin=api.address) as socket:
        assert socket.subprotocol == TRANSPORT_WS


async def test_a_websocket_for_another_host_is_refused(api: Api) -> None:
    port = urlsplit(api.address).port
    with pytest.raises(InvalidStatus) as refused:
        async with connect(
            f"ws://evil.example:{port}/graphql", host="127.0.0.1", port=port, subprotocols=[TRANSPORT_WS]
        ):
            pass
    assert refused.value.response.status_code == 421


async def test_a_body_has_a_limit_whether_it_says_its_length_or_not(api: Api) -> None:
    at_limit = json.dumps(BODY).encode().ljust(1024 * 1024)
    headers = {"content-type": "application/json"}
    assert (await api.client.post(api.url, content=at_limit, headers=headers)).status_code == 200
    response = await api.client.post(api.url, content=at_limit + b" ", headers=headers)
    assert (response.status_code, error_code(response)) == (413, "TOO_LARGE")

    async def chunks() -> Any:
        for _ in range(17):
            yield b" " * 64 * 1024

    response = await api.client.post(api.url, content=chunks(), headers=headers)
    assert (response.status_code, error_code(response)) == (413, "TOO_LARGE")


async def test_health_tells_of_the_database(api: Api, database: Database) -> None:
    response = await api.client.get(f"{api.address}/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "healthy"})


async def test_a_browser_gets_the_page_without_leave_to_go_elsewhere(
    database: Database, bus: Bus, settings: Settings, tmp_path: Any
) -> None:
    (tmp_path / "index.html").write_text("<title>Vedette</title>")
    (tmp_path / "graphiql.html").write_text("<title>GraphiQL</title>")
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "index.js").write_text("hello")
    browser = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    async with (
        serve_http(create_app(database, bus, settings, tmp_path), "127.0.0.1", 0) as server,
        httpx.AsyncClient(base_url=server.address) as client,
    ):
        page = await client.get("/graphql", headers=browser)
        assert page.text == "<title>GraphiQL</title>"
        assert page.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
        file = await client.get("/static/assets/index.js")
        assert (file.text, file.headers["cache-control"]) == ("hello", "public, max-age=31536000, immutable")
        assert (await client.get("/static/../pages.py")).status_code == 404
        for address in ("/", "/sensors/shop/new_orders", "/runs/x"):
            screen = await client.get(address, headers=browser)
            assert screen.text == "<title>Vedette</title>"
            assert screen.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
            assert (await client.get(address)).status_code == 404  # a program's wish, which is a mistake
        data = await client.get("/graphql", params=BODY, headers=browser)
        assert data.json()["data"] == {"codeLocations": []}
    assert "http" not in CONTENT_SECURITY_POLICY


def varies(response: httpx.Response) -> set[str]:
    """Return the headers of requests by which answers differ."""
    return {name.strip().lower() for name in response.headers["vary"].split(",")}


@pytest.mark.parametrize(
    ("accepted", "is_compressed"),
    [
        ("gzip, deflate, br", True),
        ("GZIP;q=0.1, *;q=0", True),
        ("*", True),
        ("identity", False),
        ("gzip;q=0, *", False),
        ("br", False),
        ("", False),
        ("gzip;q=x", False),
    ],
)
async def test_files_are_sent_as_the_build_compressed_them_to_those_who_take_it(
    database: Database, bus: Bus, settings: Settings, tmp_path: Any, accepted: str, is_compressed: bool
) -> None:
    text = "hello " * 1000
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "index.js").write_text(text)
    (tmp_path / "assets" / "index.js.gz").write_bytes(gzip.compress(text.encode()))
    (tmp_path / "assets" / "small.js").write_text("1")
    async with (
        serve_http(create_app(database, bus, settings, tmp_path), "127.0.0.1", 0) as server,
        httpx.AsyncClient(base_url=server.address, headers={"accept-encoding": accepted}) as client,
    ):
        file = await client.get("/static/assets/index.js")
        assert file.text == text
        assert file.headers.get("content-encoding") == ("gzip" if is_compressed else None)
        assert int(file.headers["content-length"]) < len(text) if is_compressed else len(text)
        assert file.headers["content-type"].startswith("text/javascript")
        assert varies(file) == {"accept-encoding", "origin"}
        assert "immutable" in file.headers["cache-control"]
        again = await client.get("/static/assets/index.js", headers={"if-none-match": file.headers["etag"]})
        assert (again.status_code, again.content, varies(again)) == (304, b"", varies(file))
        small = await client.get("/static/assets/small.js")
        assert (small.text, small.headers.get("content-encoding"), varies(small)) == ("1", None, {"origin"})
        assert (await client.get("/static/assets/index.js.gz")).status_code == 404
        assert (await client.get("/static/../assets/index.js")).status_code == 404


async def test_a_page_that_has_not_changed_is_not_sent_again(
    database: Database, bus: Bus, settings: Settings, tmp_path: Any
) -> None:
    (tmp_path / "index.html").write_text("<title>Vedette</title>")
    async with (
        serve_http(create_app(database, bus, settings, tmp_path), "127.0.0.1", 0) as server,
        httpx.AsyncClient(base_url=server.address, headers={"accept": "text/html"}) as client,
    ):
        page = await client.get("/")
        assert (page.headers["cache-control"], varies(page)) == ("no-cache", {"accept", "origin"})
        known = {"if-none-match": f'"other", W/{page.headers["etag"]}'}
        same = await client.get("/runs", headers=known)
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", page.headers["etag"])
        assert "content-security-policy" in same.headers
        (tmp_path / "index.html").write_text("<title>Vedette 2</title>")
        assert (await client.get("/runs", headers=known)).text == "<title>Vedette 2</title>"


async def test_without_a_build_the_page_says_how_to_get_one(
    database: Database, bus: Bus, settings: Settings, tmp_path: Any
) -> None:
    async with (
        serve_http(create_app(database, bus, settings, tmp_path / "missing"), "127.0.0.1", 0) as server,
        httpx.AsyncClient(base_url=server.address) as client,
    ):
        page = await client.get("/graphql", headers={"accept": "text/html"})
        assert "make frontend" in page.text
        assert (await client.get("/static/index.js")).status_code == 404


async def test_a_client_that_hangs_up_gives_its_connection_back(api: Api, database: Database) -> None:
    await seeds.code_location(database)
    await seeds.sensor(database)
    request = api.client.build_request("POST", api.url, json={"query": "{ sensors { edges { node { name } } } }"})
    head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    for _ in range(20):
        _, writer = await asyncio.open_connection(request.url.host, request.url.port)
        writer.write(f"POST {request.url.path} HTTP/1.1\r\n{head}\r\n".encode() + request.content)
        await writer.drain()
        writer.transport.abort()
    async with asyncio.timeout(20):
        assert len((await api.query("{ sensors { edges { node { name } } } }"))["sensors"]["edges"]) == 1
