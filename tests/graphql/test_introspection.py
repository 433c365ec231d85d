"""What the schema is, suggestions and GraphiQL: for those alone whom the setting `introspection` names."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from graphql import get_introspection_query

import seeds
from serving import Api, serving
from vedette.bus import Bus
from vedette.domain.access import Role
from vedette.settings import Settings
from vedette.storage.database import Database
from vedette.web.app import create_app
from vedette.web.server import serve_http

SCHEMA = [get_introspection_query(), '{ ...A } fragment A on Query { __type(name: "Query") { name } }']
WRONG: list[tuple[str, dict[str, Any]]] = [
    ("{ sensorz { id } }", {}),
    ("{ sensors(filter: {statu: RUNNING}) { edges { cursor } } }", {}),
    ("query($f: SensorFilter) { sensors(filter: $f) { edges { cursor } } }", {"f": {"status": "RUNNIN"}}),
]
BROWSER = {"accept": "text/html"}
# The least role that may, by what the setting says; nobody where it is not here.
LEAST: dict[Any, Role] = {"viewer": Role.VIEWER, "operator": Role.OPERATOR, "admin": Role.ADMIN}


@asynccontextmanager
async def by_role(database: Database, bus: Bus, introspection: Any) -> AsyncIterator[dict[Role, Api]]:
    """Serve; yield the API for each role."""
    settings = Settings(authentication="tokens", introspection=introspection)
    for role in Role:
        await seeds.token(database, role.lower(), role)
    async with serving(database, bus, settings) as api:
        yield {role: api.shown(f"vdt_{role.lower()}") for role in Role}


def may(role: Role, introspection: Any) -> bool:
    return introspection in LEAST and role.covers(LEAST[introspection])


def test_viewers_are_not_told_unless_a_setting_says_so() -> None:
    assert Settings().introspection == "operator"


@pytest.mark.parametrize("introspection", [*LEAST, "nobody"])
async def test_it_is_told_to_its_role_and_those_above(database: Database, bus: Bus, introspection: Any) -> None:
    async with by_role(database, bus, introspection) as apis:
        # Whoever may asks first, and last: nobody is told what was remembered for another.
        for role in [*reversed(Role), *Role]:
            api, is_told = apis[role], may(role, introspection)
            for document in SCHEMA:
                codes = {error["extensions"]["code"] for error in (await api.answer(document)).get("errors", ())}
                refused = "INVALID_DOCUMENT" if introspection == "nobody" else "FORBIDDEN"
                assert codes - {"MORE_ERRORS"} == (set() if is_told else {refused}), role
            for document, variables in WRONG:
                answer = await api.answer(document, **variables)
                assert ("Did you mean" in str(answer["errors"])) is is_told, (role, document)
                async with api.subscribe(document, **variables) as subscription:
                    assert ("Did you mean" in str(await subscription.receive())) is is_told, (role, document)
            # What a document is called is no secret, and clients ask for it everywhere.
            assert await api.query("{ __typename codeLocations { __typename } }")


@pytest.mark.parametrize("introspection", [*LEAST, "nobody"])
async def test_graphiql_is_for_them_too(database: Database, bus: Bus, introspection: Any) -> None:
    async with by_role(database, bus, introspection) as apis:
        for role, api in apis.items():
            async with httpx.AsyncClient(base_url=api.address) as browser:
                arrived = await browser.get("/graphql", headers=BROWSER)
                if introspection == "nobody":
                    assert arrived.status_code == 403
                else:
                    assert (arrived.status_code, arrived.headers["location"]) == (303, "/sign-in?next=%2Fgraphql")
                assert (await browser.post("/auth/token", json={"token": f"vdt_{role.lower()}"})).status_code == 204
                page = await browser.get("/graphql", headers=BROWSER)
                assert page.status_code == (200 if may(role, introspection) else 403), role
                assert "introspection" in page.text or page.status_code == 200


@pytest.mark.parametrize("read_only", [False, True])
async def test_without_authentication_it_is_for_whoever_may_change_things(
    database: Database, bus: Bus, tmp_path: Path, read_only: bool
) -> None:
    (tmp_path / "graphiql.html").write_text("<title>GraphiQL</title>")
    settings = Settings(read_only=read_only)
    async with (
        serve_http(create_app(database, bus, settings, tmp_path), "127.0.0.1", 0) as server,
        httpx.AsyncClient(base_url=server.address) as browser,
    ):
        told = await browser.post("/graphql", json={"query": "{ __schema { queryType { name } } }"})
        assert told.status_code == (403 if read_only else 200)
        assert (await browser.get("/graphql", headers=BROWSER)).status_code == told.status_code
