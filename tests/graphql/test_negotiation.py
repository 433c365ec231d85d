"""What HTTP itself says about a request and its answer: types, status codes, methods, origins."""

import codecs
import gzip
import json
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from serving import Api
from vedette.settings import Settings

BODY = {"query": "{ codeLocations { name } }"}
NEW = "application/graphql-response+json"
OLD = "application/json"
FRIEND = "https://dashboard.example"


@pytest.fixture
def settings() -> Settings:
    """A frontend that is served elsewhere, and a name that a proxy gives this server."""
    return Settings(allowed_origins=(FRIEND,), allowed_hosts=("api.example",))


async def post(api: Api, body: Any, **headers: str) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return await api.client.post(api.url, content=content, headers={"content-type": OLD, **given})


ACCEPTED = [
    (None, OLD),
    ("*/*", OLD),
    ("application/*", OLD),
    (NEW, NEW),
    (f"{NEW}, {OLD}", NEW),
    (f"{OLD}, {NEW}", NEW),
    (f"{NEW}, */*", NEW),
    (f"{OLD}, */*", OLD),
    (f"{NEW}, {OLD};q=0.9", NEW),
    (f"{OLD};q=0.2, {NEW};q=0.3, text/html", NEW),
    (f"*/*;q=0.1, {NEW}", NEW),
    (f"{OLD};q=0, */*", NEW),
    (f"{NEW.upper()}; charset=UTF-8", NEW),
    ("text/html", None),
    ("text/event-stream", None),
    (f"{OLD};q=0", None),
    (f"{OLD}; charset=latin-1", None),
    ("", OLD),
]


async def test_the_answer_has_the_type_that_the_client_likes_best(api: Api) -> None:
    for accept, expected in ACCEPTED:
        response = await post(api, BODY, accept="*/*" if accept is None else accept)
        assert response.status_code == (406 if expected is None else 200), accept
        if expected is not None:
            assert response.headers["content-type"] == f"{expected}; charset=utf-8", accept


# The status as the new type has it, and as older clients get it.
STATUSES = [
    (BODY, 200, 200),
    ({"query": '{ tick(id: "x") { id } }'}, 200, 200),
    ({"query": "{"}, 400, 200),
    ({"query": "{ nothing }"}, 400, 200),
    ({"query": "query($n: Int!) { sensors(first: $n) { edges { cursor } } }"}, 400, 200),
    ({"query": "query A { __typename } query B { __typename }"}, 400, 200),
    ({"query": 1}, 400, 400),
    ({}, 400, 400),
    ({"documentId": "nothing"}, 404, 404),
]


async def test_what_was_not_executed_has_another_status_under_the_new_type(api: Api) -> None:
    for body, new, old in STATUSES:
        found = [await post(api, body, accept=kind) for kind in (NEW, OLD)]
        assert [response.status_code for response in found] == [new, old], body
        for response in found:
            assert ("data" in response.json()) is (new == 200)


async def test_a_query_string_holds_all_parameters(api: Api) -> None:
    query = "query A($n: Int) { sensors(first: $n) { edges { cursor } } } query B { nothing }"
    asked = {"query": query.replace("nothing", "__typename"), "operationName": "A", "variables": '{"n": 3}'}
    answer = (await api.client.get(api.url, params=asked)).json()
    assert answer["data"] == {"sensors": {"edges": []}}
    assert answer["extensions"]["cost"]["requested"] == 3
    for wrong in ("{", "[]", "1", "\x00"):
        assert (await api.client.get(api.url, params={**asked, "variables": wrong})).status_code == 400


async def test_text_is_utf_8_with_or_without_a_mark(api: Api) -> None:
    raw = json.dumps(BODY).encode()
    assert (await post(api, codecs.BOM_UTF8 + raw)).status_code == 200
    named = json.dumps({"query": "query ($name: String!) { job(by: {name: {name: $name}}) { name } }",
        "variables": {"name": "Ä日🚲"}}, ensure_ascii=False).encode()  # fmt: skip
    assert (await post(api, named, content_type="application/json; charset=UTF-8")).json()["data"] == {"job": None}
    assert (await post(api, raw, content_type="application/json; charset=utf-16")).status_code == 415
    assert (await post(api, raw.decode().encode("utf-16"))).status_code == 400


async def test_compressed_bodies_are_refused_unread(api: Api) -> None:
    bomb = gzip.compress(b" " * 2**26)
    for encoding in ("gzip", "deflate", "br", "gzip, gzip"):
        response = await post(api, bomb, content_encoding=encoding)
        assert response.status_code == 415
    assert (await post(api, BODY, content_encoding="identity")).status_code == 200


async def test_other_methods_are_not_allowed(api: Api) -> None:
    for method in ("PUT", "DELETE", "PATCH"):
        response = await api.client.request(method, api.url)
        assert response.status_code == 405
        assert set(response.headers["allow"].split(", ")) >= {"GET", "POST"}


async def test_a_page_that_is_served_elsewhere_may_use_it_where_settings_say_so(api: Api) -> None:
    asked = {
        "origin": FRIEND,
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type",
    }
    before = await api.client.options(api.url, headers=asked)
    assert (before.status_code, before.headers["access-control-allow-origin"]) == (200, FRIEND)
    response = await post(api, BODY, origin=FRIEND)
    assert (response.status_code, response.headers["access-control-allow-origin"]) == (200, FRIEND)
    readable = set(response.headers["access-control-expose-headers"].split(", "))
    assert {"retry-after", "ratelimit", "ratelimit-policy"} <= readable
    async with api.connect(origin=FRIEND):
        pass
    stranger = await post(api, BODY, origin="https://dashboard.example.evil")
    assert stranger.status_code == 403
    assert "access-control-allow-origin" not in stranger.headers
    with pytest.raises(InvalidStatus):
        async with api.connect(origin="https://evil.example"):
            pass


async def test_what_other_sites_make_a_browser_fetch_is_refused(api: Api) -> None:
    for site, mode, status in (
        ("cross-site", "no-cors", 403),
        ("same-site", "no-cors", 403),
        ("cross-site", "navigate", 403),
        ("same-origin", "cors", 200),
        ("none", "navigate", 200),
    ):
        headers = {"sec-fetch-site": site, "sec-fetch-mode": mode}
        assert (await api.client.get(api.url, params=BODY, headers=headers)).status_code == status
    # To follow a link to the page is another matter.
    link = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "accept": "text/html"}
    assert (await api.client.get(api.url, headers=link)).status_code == 200


async def test_a_name_that_settings_allow_is_answered(api: Api) -> None:
    for host, status in (("api.example", 200), ("API.example:443", 200), ("evil.example", 421)):
        assert (await post(api, BODY, host=host)).status_code == status
