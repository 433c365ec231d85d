"""Refuses a field of Query, Mutation or Subscription for which nobody has said which role it needs."""

import sys

from graphql import GraphQLSchema, build_schema

from checks.schema_changes import ROOT, SCHEMA
from vedette.access.roles import flaws


def root_fields(schema: GraphQLSchema) -> list[str]:
    """Return the fields of the root types, as `Query.node`."""
    kinds = (schema.query_type, schema.mutation_type, schema.subscription_type)
    return [f"{kind.name}.{name}" for kind in kinds if kind is not None for name in kind.fields]


def main() -> int:
    """Say which fields lack a role; return the exit code."""
    found = flaws(root_fields(build_schema((ROOT / SCHEMA).read_text())))
    for flaw in found:
        print(flaw)
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
