"""The audit suite of the npm package graphql-http: GraphQL over HTTP, check by check."""

import asyncio
import json
from typing import Any

import pytest

import seeds
from contracts import node
from serving import Api, serving
from vedette.bus import Bus
from vedette.domain.access import Role
from vedette.settings import Settings
from vedette.storage.database import Database

CHECKS = 61
SECONDS = 60
# As docs/access.md has it for hostile neighbourhoods.
HARDENED = Settings(authentication="tokens", introspection="operator", request_seconds=2.0)
# They ask `__type`, which a viewer may not: docs/protocols.md says so.
INTROSPECTING = {"2EA1", "28B9", "BF61", "D6D5", "6A70"}


async def audited(*arguments: str) -> list[Any]:
    process = await asyncio.create_subprocess_exec(
        node.NODE, node.FOLDER / "audit.mjs", *arguments, env=node.ENVIRONMENT, stdout=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(SECONDS):
        printed, _ = await process.communicate()
    return [json.loads(line) for line in printed.splitlines()]


def not_ok(results: list[Any]) -> list[Any]:
    return [result for result in results if result["status"] != "ok"]


@pytest.mark.usefixtures("node_packages")
async def test_every_check_of_the_audit_is_ok(api: Api) -> None:
    results = await audited(api.url)
    assert not_ok(results) == []
    assert len(results) == CHECKS


@pytest.mark.usefixtures("node_packages")
@pytest.mark.parametrize(("role", "others"), [(Role.OPERATOR, set()), (Role.VIEWER, INTROSPECTING)])
async def test_a_hardened_server_differs_in_what_is_documented(
    database: Database, bus: Bus, role: Role, others: set[str]
) -> None:
    await seeds.token(database, "auditor", role)
    async with serving(database, bus, HARDENED) as api:
        results = await audited(api.url, "vdt_auditor")
    assert {result["id"] for result in not_ok(results)} == others
    assert len(results) == CHECKS
