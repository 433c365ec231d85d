"""Refuses a deprecation that does not tell clients what to use instead, and until when what they use stays.

It reads "Use `name` instead; …removed after YYYY-MM-DD.", where `name` is in the schema: a field, argument or input
field, an enum value, a type, or `Type.field`.
"""

import re
import sys
from collections.abc import Iterator
from datetime import date

from graphql import GraphQLSchema, build_schema

from checks.schema_changes import ROOT, SCHEMA
from vedette.graphql.documents.deprecations import members

FORM = re.compile(r"Use `(?P<name>\w+(\.\w+)?)`.* instead\b.*\bremoved after (?P<date>\d{4}-\d{2}-\d{2})\.", re.DOTALL)
EXAMPLE = "Use `startSensors` instead; it is removed after 2027-06-30."


def flaws(schema: GraphQLSchema) -> list[str]:
    """Return what is wrong with the deprecations of a schema, a sentence each."""
    names = set(_names(schema))
    return [flaw for member, reason in members(schema).items() if (flaw := _flaw(member, reason, names)) is not None]


def _flaw(member: str, reason: str, names: set[str]) -> str | None:
    found = FORM.search(reason)
    if found is None:
        return f"{member} is deprecated with {reason!r}; say what replaces it and until when it stays: {EXAMPLE!r}"
    if found["name"] not in names:
        return f"{member} is deprecated for `{found['name']}`, which is not in the schema."
    try:
        date.fromisoformat(found["date"])
    except ValueError:
        return f"{member} is deprecated until {found['date']}, which is no date."
    return None


def _names(schema: GraphQLSchema) -> Iterator[str]:
    for kind in schema.type_map.values():
        yield kind.name
        for name, one in (*getattr(kind, "fields", {}).items(), *getattr(kind, "values", {}).items()):
            yield from (name, f"{kind.name}.{name}")
            yield from getattr(one, "args", ())


def main() -> int:
    """Say which deprecations are vague; return the exit code."""
    found = flaws(build_schema((ROOT / SCHEMA).read_text()))
    for flaw in found:
        print(flaw)
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
