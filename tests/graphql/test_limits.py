"""Each limit of a document: at the limit it passes, one above it is refused by an error that names the limit."""

import asyncio
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from serving import Api
from vedette.settings import Settings


@pytest.fixture
def settings() -> Settings:
    """Limits that are small enough to see."""
    return Settings(
        max_head_bytes=2000,
        max_body_bytes=5000,
        max_tokens=300,
        max_depth=6,
        max_aliases=4,
        max_directives=3,
        max_root_fields=5,
        max_fields=40,
        max_width=20,
        max_page_size=10,
        max_nodes=5,
        max_cost=115,
        max_variable_depth=5,
        max_variable_values=20,
        max_errors=3,
    )


def tokens(count: int) -> str:
    # It is no valid document, but that is looked at later.
    return "{ sensors(filter: [" + "1 " * (count - 15) + "]) { edges { cursor } } }"


def levels(count: int) -> str:
    inner = "{ id }"
    for depth in range(count - 2):
        inner = f"{{ {'sensor' if depth % 2 else 'lastTick'} {inner} }}"
    field = 'sensor(id: "x")' if (count - 2) % 2 else 'tick(id: "x")'
    return f"{{ {field} {inner} }}"


def aliases(count: int) -> str:
    return "{ instance { " + " ".join(f"a{number}: version" for number in range(count)) + " } }"


def directives(count: int) -> str:
    return "{ ...f } fragment f on Query { " + "... on Query @include(if: true) { __typename } " * count + "}"


def directives_of_fragments(count: int) -> str:
    # It is not valid, but that is looked at later.
    return "{ ...f } fragment f on Query " + "@skip(if: false) " * count + "{ __typename }"


def root_fields(count: int) -> str:
    return "{ ...f } fragment f on Query { " + "instance { version } " * count + "}"


def fields(count: int) -> str:
    # Ten and one in each; the rest in the last.
    parts = [10] * ((count - 4) // 10) + [(count - 4) % 10]
    return "{" + " ".join("instance {" + "version " * part + "}" for part in parts) + "}"


def width(count: int) -> str:
    return "{ instance { ...f } } fragment f on Instance { " + "version " * count + "}"


def unused_width(count: int) -> str:
    return "{ __typename } fragment f on Instance { " + "version " * count + "}"


def named(count: int) -> str:
    return "{ nodes(ids: [" + '"x" ' * count + "]) { id } }"


def page_size(count: int) -> str:
    return f"{{ sensors(first: {count}) {{ edges {{ cursor }} }} }}"


def cost(count: int) -> str:
    # 10 sensors with 10 ticks each are 110.
    rest = f"runs(first: {count - 110}) {{ edges {{ cursor }} }}"
    return f"{{ sensors(first: 10) {{ edges {{ node {{ ticks(first: 10) {{ edges {{ cursor }} }} }} }} }} {rest} }}"


LIMITS: list[tuple[Callable[[int], str], str, int]] = [
    (tokens, "max_tokens", 300),
    (levels, "max_depth", 6),
    (aliases, "max_aliases", 4),
    (directives, "max_directives", 3),
    (directives_of_fragments, "max_directives", 3),
    (root_fields, "max_root_fields", 5),
    (width, "max_width", 20),
    (unused_width, "max_width", 20),
    (named, "max_nodes", 5),
    (fields, "max_fields", 40),
    (cost, "max_cost", 115),
]


@pytest.mark.parametrize(("document", "limit", "most"), LIMITS, ids=[made.__name__ for made, _, _ in LIMITS])
async def test_a_document_has_limits(
    api: Api, settings: Settings, document: Callable[[int], str], limit: str, most: int
) -> None:
    assert getattr(settings, limit) == most
    passed = (await api.answer(document(most))).get("errors", [])
    assert "LIMIT_EXCEEDED" not in [error["extensions"]["code"] for error in passed]
    [error] = (await api.answer(document(most + 1)))["errors"]
    assert error["extensions"] == {"code": "LIMIT_EXCEEDED", "limit": limit, "most": most}
    # It says what is too much, how much would not be, who says so, and how to go on.
    assert re.fullmatch(rf".+; at most {most} are allowed \({limit}\): [a-z].+\.", error["message"])


async def test_ids_are_counted_also_in_a_variable_and_its_default(api: Api) -> None:
    document = "query($ids: [ID!]! = [{}]) {{ nodes(ids: $ids) {{ id }} }}"
    assert await api.code(document.format(""), ids=["x"] * 5) == "BAD_ID"
    assert await api.code(document.format('"x" ' * 5)) == "BAD_ID"
    for answer in (
        await api.answer(document.format(""), ids=["x"] * 6),
        await api.answer(document.format('"x" ' * 6)),
    ):
        assert [error["extensions"]["limit"] for error in answer["errors"]] == ["max_nodes"]


async def test_a_page_has_a_limit_also_as_a_variable_and_as_its_default(api: Api) -> None:
    await api.query(page_size(10))
    [error] = (await api.answer(page_size(11)))["errors"]
    assert error["extensions"] == {"code": "BAD_PAGE_SIZE", "limit": "max_page_size", "most": 10}
    assert "max_page_size" in error["message"]
    by_variable = "query($n: Int) { sensors(first: $n) { edges { cursor } } }"
    await api.query(by_variable, n=10)
    assert await api.code(by_variable, n=11) == "BAD_PAGE_SIZE"
    assert await api.code(by_variable.replace("Int", "Int = 11")) == "BAD_PAGE_SIZE"


LAUNCH = 'mutation($c: JSON) { launchRun(input: {jobName: "x", runConfig: $c}) { errors { __typename } } }'


def deep(levels: int) -> Any:
    # The variables are a level themselves, and so is what is innermost.
    value: Any = 1
    for _ in range(levels - 2):
        value = {"a": value}
    return value


async def test_variables_have_a_depth(api: Api) -> None:
    await api.query(LAUNCH, c=deep(5))
    for levels_of in (6, 200, 700):
        [error] = (await api.answer(LAUNCH, c=deep(levels_of)))["errors"]
        assert error["extensions"] == {"code": "LIMIT_EXCEEDED", "limit": "max_variable_depth", "most": 5}


async def test_variables_have_a_number_of_values(api: Api) -> None:
    # The variable's name and its list count as two.
    await api.query(LAUNCH, c=[1] * 18)
    [error] = (await api.answer(LAUNCH, c=[1] * 19))["errors"]
    assert error["extensions"] == {"code": "LIMIT_EXCEEDED", "limit": "max_variable_values", "most": 20}


async def test_an_answer_has_a_number_of_errors_and_tells_of_the_others(api: Api) -> None:
    many = "{ instance { " + " ".join(f"nothing{number}" for number in range(5)) + " } }"
    errors = (await api.answer(many))["errors"]
    assert [error["extensions"]["code"] for error in errors] == ["INVALID_DOCUMENT"] * 3 + ["MORE_ERRORS"]
    assert "max_errors" in errors[-1]["message"]
    assert errors[-1]["extensions"] == {"code": "MORE_ERRORS", "limit": "max_errors", "most": 3}
    as_many = (await api.answer("{ instance { nothing0 nothing1 nothing2 } }"))["errors"]
    assert [error["extensions"]["code"] for error in as_many] == ["INVALID_DOCUMENT"] * 3
    failing = "{ " + " ".join(f'a{number}: tick(id: "x") {{ id }}' for number in range(4)) + " }"
    codes = [error["extensions"]["code"] for error in (await api.answer(failing))["errors"]]
    assert codes == ["BAD_ID"] * 3 + ["MORE_ERRORS"]


async def test_a_body_has_a_size(api: Api) -> None:
    body = json.dumps({"query": "{ instance { version } }"}).encode()
    headers = {"content-type": "application/json"}
    assert (await api.client.post(api.url, content=body.ljust(5000), headers=headers)).status_code == 200
    response = await api.client.post(api.url, content=body.ljust(5001), headers=headers)
    assert response.status_code == 413
    [error] = response.json()["errors"]
    assert error["extensions"] == {"code": "TOO_LARGE", "limit": "max_body_bytes", "most": 5000}
    assert "max_body_bytes" in error["message"]


ASKED = "query=%7B__typename%7D"


def get(size: int) -> bytes:
    """Return a request whose address and headers have so many bytes."""
    headers = {"host": "localhost", "accept": "*/*", "connection": "close", "x": ""}
    used = len("/graphql" + ASKED) + sum(len(name) + len(value) for name, value in headers.items())
    lines = "".join(f"{name}: {value}\r\n" for name, value in {**headers, "x": "a" * (size - used)}.items())
    return f"GET /graphql?{ASKED} HTTP/1.1\r\n{lines}\r\n".encode()


async def raw(api: Api, sent: bytes) -> bytes:
    place = urlsplit(api.address)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    writer.write(sent)
    async with asyncio.timeout(20):
        told = await reader.read()
    writer.close()
    return told


async def test_a_head_has_a_size(api: Api) -> None:
    assert (await raw(api, get(2000))).startswith(b"HTTP/1.1 200 ")
    for size in (2001, 10_000):
        told = await raw(api, get(size))
        assert told.startswith(b"HTTP/1.1 431 ")
        assert b'"limit":"max_head_bytes","most":2000' in told
    # One that has not ended is refused as soon as it is too long.
    told = await raw(api, b"GET /graphql?query=" + b"a" * 3000)
    assert told.startswith(b"HTTP/1.1 431 ")
    assert b"(max_head_bytes): send documents by POST." in told
    # A long body is not part of it.
    body = json.dumps({"query": "{ __typename }"}).ljust(4000)
    response = await api.client.post(api.url, content=body, headers={"content-type": "application/json"})
    assert response.status_code == 200


async def test_the_cost_is_told(api: Api) -> None:
    answer = await api.answer("{ sensors(first: 10) { edges { node { lastTick { id } } } } }")
    assert answer["extensions"]["cost"] == {"requested": 20, "actual": 0, "remaining": None, "most": 115}
    of_the_schema = await api.answer("{ __schema { directives { name } } }")
    several = len(of_the_schema["data"]["__schema"]["directives"])
    cost = of_the_schema["extensions"]["cost"]
    assert (cost["requested"], cost["actual"]) == (several + 1, several + 1)
    # As many types are over the limit here.
    assert await api.code("{ __schema { types { name } } }") == "LIMIT_EXCEEDED"


async def test_a_bomb_of_fragments_is_refused(api: Api) -> None:
    bomb = "{ ...f0 } " + " ".join(f"fragment f{n} on Query {{ ...f{n + 1} ...f{n + 1} }}" for n in range(18))
    errors = (await api.answer(bomb + " fragment f18 on Query { instance { version } }"))["errors"]
    assert {error["extensions"]["limit"] for error in errors} == {"max_root_fields", "max_fields", "max_width"}
