"""Refuses names in `schema.graphql` that are not like the others: what a thing is called tells what it is.

What is called otherwise on purpose is in EXCEPTIONS, with the reason.
"""

import re
import sys
from collections.abc import Iterator
from typing import NamedTuple

from graphql import (
    GraphQLNamedType,
    GraphQLSchema,
    build_schema,
    is_enum_type,
    is_input_object_type,
    is_specified_scalar_type,
)

from checks.schema_changes import ROOT, SCHEMA

EXCEPTIONS = {
    "Query.nodes": "Relay says so: null is what is gone",
    "Run.traceId": "an id of W3C's trace context, which no `node` opens",
    "Tick.traceId": "as above",
    "Retention.rowsDropped": "a count beyond 32 bits",
    "AssetCheckEvaluation.passed": "as authors write it: AssetCheckResult(passed=…)",
    "CheckResultInput.passed": "as above",
    "CancelRunInput.force": "an adverb of the mutation",
    "RerunInput.fromFailure": "as above",
    "SetRunLimitInput.perTagValue": "as above",
    "Worker.healthy": "part of the first contract",
}
_TYPE, _MEMBER, _VALUE = "[A-Z][A-Za-z0-9]*", "[a-z][A-Za-z0-9]*", "[A-Z][A-Z0-9_]*"
# What the name of a member says, by the type it has: a pattern, and how to say it.
_SAYS = {
    "Float": ("(?i:.*seconds)", "durations are in seconds, and end in Seconds"),
    "Boolean": ("(is|has|can|use)[A-Z].*", "begins with is, has, can or use"),
    "DateTime": (".*At|at|since|until", "moments end in At, or are since, until or at"),
    "ID": ("id|ids|.*Ids?", "is id, or ends in Id"),
}


class Member(NamedTuple):
    """A field, or an argument of one: where it is, its name and its type."""

    place: str
    name: str
    type: str
    kind: str


def flaws(schema: GraphQLSchema) -> list[str]:
    """Return what is called otherwise than it should be, a sentence each, and exceptions that are none any more."""
    found = dict(_all_flaws(schema))
    stale = [f"{place} is an exception and needs none." for place in sorted(EXCEPTIONS.keys() - found.keys())]
    return [f"{place}: {flaw}." for place, flaw in found.items() if place not in EXCEPTIONS] + stale


def _all_flaws(schema: GraphQLSchema) -> Iterator[tuple[str, str]]:
    for name, kind in schema.type_map.items():
        if not name.startswith("__") and not is_specified_scalar_type(kind):
            yield from _of_type(name, kind)
            for member in _members(name, kind):
                yield from _of_member(member)


def _of_type(name: str, kind: GraphQLNamedType) -> Iterator[tuple[str, str]]:
    if not re.fullmatch(_TYPE, name):
        yield name, "types are in PascalCase"
    if is_input_object_type(kind) and not name.endswith(("Input", "Filter", "By")):
        yield name, "inputs end in Input, Filter or By"
    if is_input_object_type(kind) and kind.is_one_of != name.endswith("By"):
        yield name, "what names a thing in one of several ways is a OneOf input, and ends in By"
    if is_enum_type(kind):
        yield from ((f"{name}.{one}", "values are in CAPITALS") for one in kind.values if not re.fullmatch(_VALUE, one))


def _members(name: str, kind: GraphQLNamedType) -> Iterator[Member]:
    for field, one in getattr(kind, "fields", {}).items():
        yield Member(f"{name}.{field}", field, str(one.type), "input" if is_input_object_type(kind) else "field")
        for argument, given in getattr(one, "args", {}).items():
            yield Member(f"{name}.{field}({argument}:)", argument, str(given.type), "argument")


def _of_member(member: Member) -> Iterator[tuple[str, str]]:
    if not re.fullmatch(_MEMBER, member.name):
        yield member.place, "fields and arguments are in camelCase"
    kind = re.sub(r"[\[\]!]", "", member.type)
    pattern, said = _SAYS.get(kind, (".*", ""))
    if not re.fullmatch(pattern, member.name):
        yield member.place, said
    elif kind != "ID" and re.search("[a-z]Ids?$", member.name):
        yield member.place, "what ends in Id is an ID"
    if member.kind == "field" and re.search(r"\w\]", member.type):
        yield member.place, "lists hold no nulls"


def main() -> int:
    """Say what is called otherwise; return the exit code."""
    found = flaws(build_schema((ROOT / SCHEMA).read_text()))
    for flaw in found:
        print(flaw)
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
