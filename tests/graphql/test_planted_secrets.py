"""Secrets, statements, paths and stacks are in no answer, whatever fails and whatever is thrown at the server."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from fuzz.attack import Attack
from graphql import get_named_type, is_leaf_type, is_required_argument
from pydantic import SecretStr
from sqlalchemy.exc import ProgrammingError

import seeds
from graphql_documents import INPUTS, MUTATIONS, World, seeded
from serving import Api, serving
from vedette.bus import Bus
from vedette.errors import DatabaseUnreachable
from vedette.graphql.schema import schema
from vedette.settings import Settings
from vedette.storage.database import Database

SECRET = "hunter2-planted-4711-planted-hunter2"
STATEMENT = f"SELECT * FROM tokens WHERE digest = '{SECRET}'"
TEXT = f"{STATEMENT} at /srv/vedette/{SECRET}/storage.py"
# What tells how the server is made, where only the client's own words should be.
TOLD_BY_MISTAKE = (SECRET, "SELECT ", "Traceback", 'File \\"', ".py", "/srv/", "asyncpg", "sqlalchemy")

FAILURES: dict[str, Callable[[], BaseException]] = {
    "anything": lambda: RuntimeError(TEXT),
    "a statement": lambda: ProgrammingError(STATEMENT, {"digest": SECRET}, Exception(TEXT)),
    "a database that is away": lambda: DatabaseUnreachable(TEXT),
    "a path": lambda: FileNotFoundError(2, TEXT, TEXT),
    "an assertion": lambda: AssertionError(TEXT),
    "several at once": lambda: ExceptionGroup(TEXT, [ValueError(TEXT), KeyError(SECRET)]),
}
VALUES: dict[str, Any] = {
    "ID": "U2Vuc29yOjAxODkwYTVkLWFjOTYtNzc0Yi1iY2NlLWIzMDIwOTlhODA1Nw",
    "String": "nothing",
    "Float": 3600.0,
    "DateTime": "2026-01-01T00:00:00Z",
    "SensorBy": {"name": {"name": "inbox"}},
    "JobBy": {"name": {"name": "process"}},
}


@pytest.fixture
def settings() -> Settings:
    return Settings(
        poll_seconds=0.2,
        evaluation_wait_seconds=0.3,
        execution_seconds=0.5,
        secret_key=SecretStr(SECRET),
        oidc_client_secret=SecretStr(SECRET),
    )


@contextmanager
def failing(failure: Callable[[], BaseException]) -> Iterator[None]:
    """Let every transaction fail so while the block runs."""

    class Failing:
        def __init__(self, *_: Any, **__: Any) -> None:
            pass

        async def __aenter__(self) -> None:
            raise failure()

        async def __aexit__(self, *_: object) -> None:
            pass

    with pytest.MonkeyPatch.context() as patch:
        for name in ("reading", "writing", "writing_at_once"):
            patch.setattr(Database, name, Failing)
        yield


def operations(kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield an operation of each field of a root type, with what it must be given."""
    root = {"query": schema._schema.query_type, "subscription": schema._schema.subscription_type}[kind]
    assert root is not None
    for name, field in root.fields.items():
        wanted = {key: one.type for key, one in field.args.items() if is_required_argument(one)}
        declared = ", ".join(f"${key}: {one}" for key, one in wanted.items())
        given = ", ".join(f"{key}: ${key}" for key in wanted)
        inner = "" if is_leaf_type(get_named_type(field.type)) else " { __typename }"
        head = f"{kind}({declared})" if wanted else kind
        values = {key: value_of(str(one)) for key, one in wanted.items()}
        yield f"{head} {{ {name}{f'({given})' if wanted else ''}{inner} }}", values


def value_of(kind: str) -> Any:
    named = VALUES[kind.strip("[]!")]
    return [named] if kind.startswith("[") else named


def look(answer: str, what: object) -> None:
    told = [one for one in TOLD_BY_MISTAKE if one in answer]
    assert told == [], f"{what} is answered with {told}: {answer[:2000]}"


@pytest.fixture
async def world(database: Database, bus: Bus) -> AsyncIterator[World]:
    async with seeded(database, bus, working=False) as world:
        yield world


@pytest.mark.parametrize("name", FAILURES)
async def test_what_fails_tells_no_secret(api: Api, world: World, name: str) -> None:
    asked: list[tuple[str, dict[str, Any]]] = [
        *operations("query"),
        *((MUTATIONS[one], {"input": INPUTS[one](world)}) for one in MUTATIONS),
    ]
    failed = 0
    with failing(FAILURES[name]):
        for accept in ("application/json", "application/graphql-response+json"):
            for text, variables in asked:
                body = {"query": text, "variables": variables}
                answer = await api.client.post(api.url, json=body, headers={"accept": accept})
                look(f"{answer.headers}{answer.text}", text)
                assert answer.status_code in {200, 503}, (text, answer.text)
                failed += "errors" in answer.json()
    # All but what is told without the database.
    assert failed > 2 * len(asked) - 10


@pytest.mark.parametrize("name", FAILURES)
async def test_a_stream_that_fails_tells_none_either(api: Api, world: World, name: str) -> None:
    with failing(FAILURES[name]):
        for text, variables in operations("subscription"):
            async with api.subscribe(text, **variables) as subscription:
                look(json.dumps(await subscription.receive()), text)
            body = {"query": text, "variables": variables}
            async with api.client.stream("POST", f"{api.url}/stream", json=body) as response, asyncio.timeout(20):
                told = [line async for line in response.aiter_lines() if line.startswith("data")]
            assert told
            look("".join(told), text)


@pytest.mark.parametrize("seed", range(2))
async def test_nothing_that_is_thrown_at_it_brings_one_out(
    database: Database, bus: Bus, settings: Settings, world: World, seed: int
) -> None:
    await seeds.token(database, SECRET)
    async with serving(database, bus, settings) as api:
        attack = Attack(api.address, seed, secrets=tuple(one.encode() for one in TOLD_BY_MISTAKE))
        for _ in range(120):
            await attack.once()
    assert attack.found.faults == []
