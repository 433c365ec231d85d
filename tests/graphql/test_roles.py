"""Every field of Query, Mutation and Subscription, asked by each role."""

from collections.abc import Iterator
from typing import Any

import pytest
from graphql import GraphQLField, get_named_type, is_leaf_type, is_required_argument

import seeds
from graphql_documents import INPUTS, MUTATIONS, seeded
from serving import Api, Subscription, serving
from vedette.bus import Bus
from vedette.domain.access import Role
from vedette.graphql.schema import schema
from vedette.settings import Settings
from vedette.storage.database import Database

# What is not in these is for viewers. Said here once more, so that nobody opens a field by a slip in the other table.
OPERATORS = {
    *("startSensor", "stopSensor", "resetSensor", "setSensorCursor", "evaluateSensor", "tickSensor"),
    *("launchRun", "cancelRun", "rerun", "releaseRunKey", "addDynamicPartition", "deleteDynamicPartitions"),
    *("reportAssetEvent", "setRunLimit", "removeRunLimit"),
    *("startSensors", "stopSensors", "resetSensors"),
}
ADMINS = {"tokens", "auditLog", "deprecatedUses", "reloadCodeLocation", "wipeAssets", "createToken", "revokeToken"}

# What is told to everybody at once, as nothing about it can be wrong.
STANDING = {"instance"}

VALUES: dict[str, Any] = {
    "ID": "nothing",
    "String": "nothing",
    "StreamPosition": "999",
    "SensorBy": {"name": {"name": "a"}},
}
VALUES |= {"DateTime": "2026-01-01T00:00:00Z", "Float": 60.0}
VALUES |= {"JobBy": {"name": {"name": "a"}}}

GRAPHQL = schema._schema
FIELDS = {
    (kind.name, name): field
    for kind in (GRAPHQL.query_type, GRAPHQL.mutation_type, GRAPHQL.subscription_type)
    if kind is not None
    for name, field in kind.fields.items()
}


@pytest.fixture
def settings() -> Settings:
    return Settings(poll_seconds=0.2, evaluation_wait_seconds=1, authentication="tokens")


def needed(kind: str, name: str) -> Role:
    if name in ADMINS:
        return Role.ADMIN
    return Role.OPERATOR if name in OPERATORS else Role.VIEWER


def document(kind: str, name: str, field: GraphQLField) -> tuple[str, dict[str, Any]]:
    """Return an operation that has the field alone, with a value for each argument that it needs."""
    wanted = {key: one for key, one in field.args.items() if is_required_argument(one) or key == "after"}
    if kind != "Subscription":
        wanted.pop("after", None)
    variables = {key: _value(str(one.type)) for key, one in wanted.items()}
    declared = ", ".join(f"${key}: {one.type}" for key, one in wanted.items())
    given = ", ".join(f"{key}: ${key}" for key in wanted)
    selected = "" if is_leaf_type(get_named_type(field.type)) else " { __typename }"
    head = f"{kind.lower()}({declared})" if declared else kind.lower()
    return f"{head} {{ {name}{f'({given})' if given else ''}{selected} }}", variables


def _value(kind: str) -> Any:
    named = VALUES[kind.strip("[]!")]
    return [named] if kind.startswith("[") else named


def codes(answer: dict[str, Any]) -> set[str]:
    return {error["extensions"]["code"] for error in answer.get("errors", ())}


async def asked_roles(database: Database, api: Api) -> dict[Role, Api]:
    for role in Role:
        await seeds.token(database, role.lower(), role)
    return {role: api.shown(f"vdt_{role.lower()}") for role in Role}


def of_kind(kind: str) -> Iterator[tuple[str, GraphQLField]]:
    return ((name, field) for (one, name), field in FIELDS.items() if one == kind)


def test_no_mutation_is_open_to_viewers() -> None:
    assert [name for name, _ in of_kind("Mutation") if name not in OPERATORS | ADMINS] == []
    assert {name for _, name in FIELDS} >= (OPERATORS | ADMINS)


async def test_each_query_answers_those_alone_who_may_ask_it(api: Api, database: Database) -> None:
    for role, asking in (await asked_roles(database, api)).items():
        for name, field in of_kind("Query"):
            text, variables = document("Query", name, field)
            found = codes(await asking.answer(text, **variables))
            assert ("FORBIDDEN" in found) is not role.covers(needed("Query", name)), (role, name, found)
            assert "INTERNAL" not in found, name


async def test_each_mutation_acts_for_those_alone_who_may_do_it(api: Api, database: Database, bus: Bus) -> None:
    roles = await asked_roles(database, api)
    async with seeded(database, bus) as world:
        # The one who may do the least goes first: what they were refused, the next can still do.
        for role, asking in roles.items():
            for name, _ in of_kind("Mutation"):
                answer = await asking.answer(MUTATIONS[name], input=INPUTS[name](world))
                if role.covers(needed("Mutation", name)):
                    # Some of it was done by the one before.
                    assert codes(answer) == set(), (role, name)
                    if role is needed("Mutation", name):
                        assert answer["data"][name]["errors"] == [], (role, name)
                else:
                    assert codes(answer) == {"FORBIDDEN"}, (role, name)
                    assert name in answer["errors"][0]["message"]


async def test_each_subscription_tells_those_alone_who_may_follow_it(api: Api, database: Database) -> None:
    for role, asking in (await asked_roles(database, api)).items():
        for name, field in of_kind("Subscription"):
            text, variables = document("Subscription", name, field)
            async with asking.connect() as socket:
                subscription = Subscription(socket)
                await subscription.start(text, **variables)
                message = await subscription.receive()
            told = message["payload"]
            found = codes({"errors": told} if message["type"] == "error" else told)
            assert found or name in STANDING, message
            # What may be followed is refused all the same: for the position, or the id, that it was given.
            assert found == ({"FORBIDDEN"} if not role.covers(needed("Subscription", name)) else found - {"FORBIDDEN"})


async def test_a_field_is_refused_wherever_in_the_document_it_stands(api: Api, database: Database) -> None:
    viewer = (await asked_roles(database, api))[Role.VIEWER]
    hidden = [
        "{ codeLocations { id } tokens { edges { node { name } } } }",
        "{ innocent: tokens { edges { node { name } } } }",
        "{ ... on Query { tokens { edges { node { name } } } } }",
        "{ ...A } fragment A on Query { ...B } fragment B on Query { tokens { edges { node { name } } } }",
        "{ codeLocations { id } tokens @skip(if: true) { edges { node { name } } } }",
        "query A { codeLocations { id } } query B { tokens { edges { node { name } } } }",
    ]
    for text in hidden:
        body = {"query": text, "operationName": "B"} if "query B" in text else {"query": text}
        response = await viewer.client.post(viewer.url, json=body, headers=viewer.headers)
        assert codes(response.json()) == {"FORBIDDEN"}, text


async def test_who_one_is_tells_what_one_may(api: Api, database: Database) -> None:
    for role, asking in (await asked_roles(database, api)).items():
        viewer = (await asking.query("{ viewer { role isReadOnly permissions { field role isGranted } } }"))["viewer"]
        assert (viewer["role"], viewer["isReadOnly"]) == (role, False)
        guarded = {f"{kind}.{name}" for kind, name in FIELDS if name in OPERATORS | ADMINS}
        assert {one["field"] for one in viewer["permissions"]} == guarded
        for one in viewer["permissions"]:
            assert one["role"] == needed(*one["field"].split("."))
            assert one["isGranted"] is role.covers(Role(one["role"]))


@pytest.mark.parametrize("authentication", ["none", "tokens"])
async def test_on_a_read_only_server_everybody_is_a_viewer(database: Database, bus: Bus, authentication: Any) -> None:
    await seeds.token(database, "boss", Role.ADMIN)
    async with serving(database, bus, Settings(read_only=True, authentication=authentication)) as api:
        boss = api.shown("vdt_boss")
        viewer = (await boss.query("{ viewer { role isReadOnly permissions { isGranted } } }"))["viewer"]
        assert (viewer["role"], viewer["isReadOnly"]) == ("VIEWER", True)
        assert not any(one["isGranted"] for one in viewer["permissions"])
        for name, text in MUTATIONS.items():
            [error] = (await boss.answer(text, input={}))["errors"]
            assert error["extensions"]["code"] == "FORBIDDEN", name
            assert "this server is read-only" in error["message"]
        assert "errors" not in await boss.answer("{ sensors { edges { node { name } } } }")


async def test_refusals_have_the_status_of_http_too(api: Api, database: Database) -> None:
    viewer = (await asked_roles(database, api))[Role.VIEWER]
    headers = {**viewer.headers, "accept": "application/graphql-response+json"}
    body = {"query": "{ tokens { edges { node { name } } } }"}
    assert (await viewer.client.post(viewer.url, json=body, headers=headers)).status_code == 403
    refused = await viewer.client.post(viewer.url, json=body)
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"] == "Bearer"
