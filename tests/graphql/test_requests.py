import logging
from typing import Any

import pytest
from graphql import get_introspection_query

import seeds
from serving import Api
from vedette.domain.catalog import SensorSpec
from vedette.storage.database import Database

WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("{ sensors { ", {}, "SYNTAX"),
    ("{ nothing }", {}, "INVALID_DOCUMENT"),
    ("{ }", {}, "INVALID_DOCUMENT"),
    ("{ codeLocations { } }", {}, "INVALID_DOCUMENT"),
    ("{ ...none } fragment none on Query { }", {}, "INVALID_DOCUMENT"),
    ("query($first: Int) { sensors(first: $first) { edges { cursor } } }", {"first": "x"}, "INVALID_DOCUMENT"),
    ("{ sensor(by: {}) { id } }", {}, "INVALID_DOCUMENT"),
    ("query($by: SensorBy!) { sensor(by: $by) { id } }", {"by": {}}, "INVALID_DOCUMENT"),
    ("query($by: SensorBy!) { sensor(by: $by) { id } }", {"by": {"id": None}}, "INVALID_DOCUMENT"),
    ('{ ticks(filter: {since: "yesterday"}) { edges { cursor } } }', {}, "INVALID_DOCUMENT"),
    ("query($at: DateTime) { ticks(filter: {since: $at}) { edges { cursor } } }", {"at": "1"}, "INVALID_DOCUMENT"),
    ("{ sensors(filter: {nameContains: $x}) { edges { cursor } } }", {}, "INVALID_DOCUMENT"),
    ("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": ["x"] * 101}, "LIMIT_EXCEEDED"),
    ("query($name: String!) { sensor(by: {name: {name: $name}}) { id } }", {"name": "a\x00b"}, "BAD_INPUT"),
]


async def test_a_wrong_request_has_a_code(api: Api) -> None:
    for document, variables, code in WRONG:
        errors = (await api.answer(document, **variables))["errors"]
        assert {error["extensions"]["code"] for error in errors} == {code}


SINCE = "query($since: DateTime) { ticks(filter: {since: $since}) { edges { cursor } } }"


async def test_a_moment_has_its_offset(api: Api) -> None:
    for moment in ("2026-01-31T09:30:00Z", "2026-01-31t09:30:00.123456789z", "2026-01-31 09:30:00+05:30"):
        await api.query(SINCE, since=moment)
    nothing = ["2026-01-31T09:30:00", "2026-01-31", "2026-02-30T00:00:00Z", "0001-01-01T00:00:00+14:00",
        "20260131T093000Z", "2026-01-31T09:30Z", 1769851800, True]  # fmt: skip
    for wrong in nothing:
        [error] = (await api.answer(SINCE, since=wrong))["errors"]
        assert error["extensions"]["code"] == "INVALID_DOCUMENT", wrong
        assert "RFC 3339" in error["message"]


@pytest.mark.parametrize("seconds", ["0", "-1", "1e300"])
async def test_a_wrong_window_has_a_code(api: Api, database: Database, seconds: str) -> None:
    await seeds.code_location(database)
    await seeds.sensor(database)
    document = f"{{ sensors {{ edges {{ node {{ tickCounts(windowSeconds: {seconds}) {{ started }} }} }} }} }}"
    assert await api.code(document) == "BAD_INPUT"


async def test_what_nobody_expected_is_masked_and_logged(
    api: Api, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    await seeds.code_location(database)
    await seeds.sensors(database, [SensorSpec(name="inbox")])
    await seeds.execute(database, "UPDATE sensors SET spec = '{\"secret\": 1}'")
    with caplog.at_level(logging.ERROR, "vedette.graphql.errors"):
        [error] = (await api.answer("{ sensors { edges { node { name } } } }"))["errors"]
    assert error["extensions"]["code"] == "INTERNAL"
    assert error["extensions"]["correlationId"] in error["message"]
    assert "missing" not in error["message"]
    assert error["extensions"]["correlationId"] in caplog.text
    assert "Object missing required field `name`" in caplog.text


async def test_introspection_as_tools_do_it_passes(api: Api) -> None:
    data = await api.query(get_introspection_query(input_value_deprecation=True))
    assert data["__schema"]["subscriptionType"]["name"] == "Subscription"


async def test_introspection_that_leads_round_in_circles_is_refused(api: Api) -> None:
    circles = '{ __type(name: "Query") { ' + "fields { type { " * 2 + "name" + " } }" * 2 + " } }"
    assert "data" in await api.answer(circles)
    deeper = '{ __type(name: "Query") { a: fields { type { fields { type { fields { name } } } } } } }'
    [error] = (await api.answer(deeper))["errors"]
    assert error["message"] == "Maximum introspection depth exceeded"
    assert error["extensions"]["code"] == "INVALID_DOCUMENT"
