"""Every field of every type, asked by each role: what a field leads to is as open as the field itself, and no more."""

from collections import deque
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from graphql import (
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    is_object_type,
    is_required_argument,
)

import seeds
from serving import Api, serving
from vedette.access import roles
from vedette.bus import Bus
from vedette.domain.access import RANK, Role
from vedette.graphql.schema import schema
from vedette.settings import Settings
from vedette.storage.database import Database

GRAPHQL = schema._schema
# Said here once more, so that nobody opens one by giving another field its type.
FOR_ADMINS = {
    *("ApiTokenConnection", "ApiTokenEdge", "ApiToken"),
    *("AuditEntryConnection", "AuditEntryEdge", "AuditEntry"),
    *("DeprecatedUseConnection", "DeprecatedUseEdge", "DeprecatedUse"),
}
# `node` leads to these too, and tells those alone who may have them: test_scopes.py.
HIDDEN_BY_NODE = {"ApiToken"}
VALUES: dict[str, Any] = {
    "ID": "UnVuOjAxODkwYTVkLWFjOTYtNzc0Yi1iY2NlLWIzMDIwOTlhODA1Nw",
    "String": "nothing",
    "Float": 60.0,
    "DateTime": "2026-01-01T00:00:00Z",
    "SensorBy": {"name": {"name": "a"}},
    "JobBy": {"name": {"name": "a"}},
}


class Way(NamedTuple):
    """How a type is reached: what stands before and after its fields in a query, and the root field it begins with."""

    before: str
    after: str
    root: str
    depth: int = 1
    variables: Mapping[str, Any] = MappingProxyType({})


def called(name: str, field: GraphQLField, variables: dict[str, Any]) -> str:
    """Return a field with what it must be given, which goes to the variables."""
    wanted = [(key, one) for key, one in field.args.items() if is_required_argument(one)]
    given = []
    for key, one in wanted:
        variable = f"v{len(variables)}"
        variables[variable] = one.type
        given.append(f"{key}: ${variable}")
    return f"{name}({', '.join(given)})" if given else name


def leads_to(kind: GraphQLNamedType) -> Iterator[GraphQLObjectType]:
    """Yield the types of which a thing may be."""
    if is_object_type(kind):
        yield kind
    elif is_abstract_type(kind):
        yield from GRAPHQL.get_possible_types(kind)


def ways() -> dict[str, list[Way]]:
    """Return the shortest ways to each type, one for each root field that leads to it."""
    assert GRAPHQL.query_type is not None
    found: dict[str, dict[str, Way]] = {}
    queue: deque[tuple[GraphQLObjectType, Way]] = deque([(GRAPHQL.query_type, Way("", "", ""))])
    while queue:
        kind, way = queue.popleft()
        for name, field in kind.fields.items():
            target = get_named_type(field.type)
            root = way.root or name
            for reached in leads_to(target):
                if root in found.setdefault(reached.name, {}) or (root in NODES and reached.name in HIDDEN_BY_NODE):
                    continue
                variables = dict(way.variables)
                opened, closed = f"{way.before}{called(name, field, variables)} {{ ", f" }}{way.after}"
                if is_abstract_type(target):
                    opened, closed = f"{opened}... on {reached.name} {{ ", f" }}{closed}"
                found[reached.name][root] = Way(opened, closed, root, way.depth + 1, variables)
                queue.append((reached, found[reached.name][root]))
    return {name: list(each.values()) for name, each in found.items()}


NODES = {"node", "nodes"}
WAYS = ways()


def document(kind: str, way: Way) -> tuple[str, dict[str, Any]]:
    """Return a query of all fields of a type."""
    variables = dict(way.variables)
    reached = GRAPHQL.type_map[kind]
    assert is_object_type(reached)
    parts = []
    for name, field in reached.fields.items():
        inner = "" if is_leaf_type(get_named_type(field.type)) else " { __typename }"
        parts.append(called(name, field, variables) + inner)
    declared = ", ".join(f"${name}: {one}" for name, one in variables.items())
    given = {name: value_of(str(one)) for name, one in variables.items()}
    head = f"query({declared})" if declared else "query"
    return f"{head} {{ {way.before}{' '.join(parts)}{way.after} }}", given


def value_of(kind: str) -> Any:
    named = VALUES[kind.strip("[]!")]
    return [named] if kind.startswith("[") else named


def needed(way: Way) -> Role:
    return roles.needed("Query", way.root)


def least(ways_there: list[Way]) -> Way:
    """Return the way that takes the least role, the shortest of these."""
    return min(ways_there, key=lambda way: (RANK[needed(way)], way.depth))


def test_only_admins_reach_what_is_for_admins() -> None:
    """So that no field for all gives away what another field tells admins alone."""
    assert {kind for kind, each in WAYS.items() if needed(least(each)) is Role.ADMIN} == FOR_ADMINS
    for kind in FOR_ADMINS:
        assert {needed(way) for way in WAYS[kind]} == {Role.ADMIN}, kind


def test_every_type_that_is_told_is_reached() -> None:
    told = {name for name, kind in GRAPHQL.type_map.items() if is_object_type(kind) and not name.startswith("__")}
    roots = {"Query", "Mutation", "Subscription"}
    elsewhere = told - roots - WAYS.keys()
    # What only mutations and subscriptions tell: whoever may not ask these is told nothing (test_roles.py).
    own = {"Payload", "Changed", "Added", "Gap", "Pulse"}
    errors = {kind.name for kind in GRAPHQL.get_possible_types(GRAPHQL.type_map["MutationError"])}  # type: ignore[arg-type]  # an interface
    beside = {name for name in elsewhere - errors if not name.endswith(tuple(own))}
    assert beside == {"Evaluation", "SensorSwitched"}


async def test_every_field_is_told_to_those_alone_who_may_ask_for_it(database: Database, bus: Bus) -> None:
    for role in Role:
        await seeds.token(database, role.lower(), role)
    async with serving(database, bus, Settings(authentication="tokens", max_depth=40, max_width=400)) as api:
        for kind, each in WAYS.items():
            for way in [least(each), max(each, key=lambda one: RANK[needed(one)])]:
                for role in Role:
                    found = await codes(api.shown(f"vdt_{role.lower()}"), kind, way)
                    assert ("FORBIDDEN" in found) is not role.covers(needed(way)), (kind, way.root, role, found)
                    # What was asked for is no flaw of the document, nor a surprise.
                    assert not found & {"INTERNAL", "INVALID_DOCUMENT", "LIMIT_EXCEEDED"}, (kind, way.root, found)


async def codes(api: Api, kind: str, way: Way) -> set[str]:
    text, variables = document(kind, way)
    return {error["extensions"]["code"] for error in (await api.answer(text, **variables)).get("errors", ())}
