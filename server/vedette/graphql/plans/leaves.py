"""Leaves: most of an answer. A value of the one class that is expected is taken on the spot."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from graphql import (
    GRAPHQL_MAX_INT,
    GRAPHQL_MIN_INT,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLString,
)

from vedette.graphql.plans.strawberry_fields import enum_class, is_isoformat


class Taking(NamedTuple):
    """How a value `v#` is taken where it is as it should be: the Python of the condition, and of what is done then.

    `named` is what these name besides.
    """

    condition: str
    done: str = "pass"
    named: Mapping[str, Any] = MappingProxyType({})


# What is executed by itself, and values of no class are taken.
NOTHING = Taking("False")

_AS_THEY_ARE = {
    GraphQLString: Taking("type(v#) is str"),
    GraphQLID: Taking("type(v#) is str"),
    GraphQLBoolean: Taking("type(v#) is bool"),
    GraphQLInt: Taking(f"type(v#) is int and {GRAPHQL_MIN_INT} <= v# <= {GRAPHQL_MAX_INT}"),
    GraphQLFloat: Taking("type(v#) is float and isfinite(v#)"),
}
# Of values of just these classes it is known that they are neither errors nor to be awaited.
PLAIN = frozenset({str, int, float, bool, dict, list, tuple, datetime, date, time, Decimal, UUID})


def iso(at: datetime) -> str:
    """Return what `isoformat` returns, ten times as fast in UTC, for which answers with many moments ask most."""
    if at.tzinfo is not UTC:
        return at.isoformat()
    found: str = msgspec.to_builtins(at)
    # It writes UTC as Z.
    return found.replace("Z", "+00:00")


def taking(kind: Any) -> Taking:
    """Return how values of a type of leaves are taken."""
    found = _AS_THEY_ARE.get(kind)
    if found is not None:
        return found
    if isinstance(kind, GraphQLEnumType):
        return _members(kind)
    if is_isoformat(kind):
        return Taking("type(v#) is datetime", "v# = iso(v#)")
    return Taking("type(v#) in PLAIN", "v# = run.complete_leaf_value(kind#, v#)", {"kind": kind})


def _members(kind: GraphQLEnumType) -> Taking:
    members = enum_class(kind)
    if members is None or any(kind.coerce_output_value(one) != one._name_ for one in members):
        return NOTHING
    return Taking("type(v#) is enum#", "v# = v#._name_", {"enum": members})
