"""Each limit of a document: at the limit it passes, one above it is refused by an error that names the limit."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from serving import Api
from vedette.settings import Settings


@pytest.fixture
def settings() -> Settings:
    """Limits that are small enough to see."""
    return Settings(
        max_body_bytes=5000,
        max_tokens=300,
        max_depth=6,
        max_aliases=4,
        max_directives=3,
        max_root_fields=5,
        max_fields=40,
        max_width=20,
        max_page_size=10,
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


def root_fields(count: int) -> str:
    return "{ ...f } fragment f on Query { " + "instance { version } " * count + "}"


def fields(count: int) -> str:
    # Ten and one in each; the rest in the last.
    parts = [10] * ((count - 4) // 10) + [(count - 4) % 10]
    return "{" + " ".join("instance {" + "version " * part + "}" for part in parts) + "}"


def width(count: int) -> str:
    return "{ instance { ...f } } fragment f on Instance { " + "version " * count + "}"


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
    (root_fields, "max_root_fields", 5),
    (width, "max_width", 20),
    (fields, "max_fields", 40),
    (cost, "max_cost", 115),
]


@pytest.mark.parametrize(("document", "limit", "most"), LIMITS, ids=[limit for _, limit, _ in LIMITS])
async def test_a_document_has_limits(
    api: Api, settings: Settings, document: Callable[[int], str], limit: str, most: int
) -> None:
    assert getattr(settings, limit) == most
    passed = (await api.answer(document(most))).get("errors", [])
    assert "LIMIT_EXCEEDED" not in [error["extensions"]["code"] for error in passed]
    [error] = (await api.answer(document(most + 1)))["errors"]
    assert error["extensions"] == {"code": "LIMIT_EXCEEDED", "limit": limit, "most": most}
    assert limit in error["message"]


async def test_a_page_has_a_limit_also_as_a_variable_and_as_its_default(api: Api) -> None:
    await api.query(page_size(10))
    [error] = (await api.answer(page_size(11)))["errors"]
    assert error["extensions"]["code"] == "BAD_PAGE_SIZE"
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
    assert "max_body_bytes" in response.text


async def test_the_cost_is_told(api: Api) -> None:
    answer = await api.answer("{ sensors(first: 10) { edges { node { lastTick { id } } } } }")
    assert answer["extensions"]["cost"] == {"requested": 20, "actual": 0, "remaining": None, "most": 115}
    assert (await api.answer("{ __schema { types { name } } }"))["extensions"]["cost"]["requested"] == 0


async def test_a_bomb_of_fragments_is_refused(api: Api) -> None:
    bomb = "{ ...f0 } " + " ".join(f"fragment f{n} on Query {{ ...f{n + 1} ...f{n + 1} }}" for n in range(18))
    errors = (await api.answer(bomb + " fragment f18 on Query { instance { version } }"))["errors"]
    assert {error["extensions"]["limit"] for error in errors} == {"max_root_fields", "max_fields", "max_width"}
