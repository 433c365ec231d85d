import re
import subprocess
import sys
from pathlib import Path

import pytest
from graphql import GraphQLSchema, build_schema, is_enum_type, is_input_object_type, is_interface_type, is_object_type

from vedette.graphql.printing import printed_schema

KEPT = Path(__file__).parents[2] / "schema.graphql"
# What GraphQL itself brings along.
BUILT_IN = {"String", "Int", "Float", "Boolean", "ID"}


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return build_schema(printed_schema())


def test_the_schema_that_is_kept_is_the_one_that_is_served() -> None:
    assert KEPT.read_text() == printed_schema(), "run `make schema` and look at what changed"


def test_everything_is_described(schema: GraphQLSchema) -> None:
    missing = []
    for name, kind in schema.type_map.items():
        if name.startswith("__") or name in BUILT_IN:
            continue
        missing += [] if kind.description else [name]
        if is_object_type(kind) or is_interface_type(kind) or is_input_object_type(kind):
            for field, definition in kind.fields.items():
                missing += [] if definition.description else [f"{name}.{field}"]
                arguments = getattr(definition, "args", {})
                missing += [f"{name}.{field}({each}:)" for each, one in arguments.items() if not one.description]
        elif is_enum_type(kind):
            missing += [f"{name}.{value}" for value, one in kind.values.items() if not one.description]
    assert missing == []


def test_a_deprecation_names_what_replaces_it(schema: GraphQLSchema) -> None:
    vague = []
    for kind in schema.type_map.values():
        fields = getattr(kind, "fields", {})
        values = getattr(kind, "values", {})
        for name, each in [*fields.items(), *values.items()]:
            parts = {name: each} | {f"{name}({arg}:)": one for arg, one in getattr(each, "args", {}).items()}
            for part, one in parts.items():
                named = set(re.findall(r"`(\w+)", one.deprecation_reason or ""))
                if one.deprecation_reason is not None and not named & _names(schema):
                    vague.append(f"{kind.name}.{part}")
    assert vague == []


def _names(schema: GraphQLSchema) -> set[str]:
    parts = [
        part
        for kind in schema.type_map.values()
        for part in (*getattr(kind, "fields", ()), *getattr(kind, "values", ()))
    ]
    return {*schema.type_map, *parts}


def test_lists_are_connections_with_a_bounded_page(schema: GraphQLSchema) -> None:
    for kind in schema.type_map.values():
        for field in getattr(kind, "fields", {}).values():
            if str(getattr(field, "type", "")).rstrip("!").endswith("Connection"):
                assert {"first", "after"} <= set(field.args)


@pytest.mark.parametrize(
    "first", ["context", "mutations.mutation_errors", "sensors.sensor_bulk_mutations", "loaders", "enums"]
)
def test_the_schema_is_the_same_whichever_module_is_imported_first(first: str) -> None:
    program = (
        f"import vedette.graphql.{first}; from vedette.graphql.printing import printed_schema as p; print(p(), end='')"
    )
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (printed.returncode, printed.stderr) == (0, "")
    assert printed.stdout == KEPT.read_text()
