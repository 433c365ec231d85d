import subprocess
import sys
from pathlib import Path

import pytest
from graphql import (
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    get_named_type,
    is_enum_type,
    is_input_object_type,
    is_interface_type,
    is_object_type,
    is_scalar_type,
)

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


def test_lists_are_connections_with_a_bounded_page(schema: GraphQLSchema) -> None:
    for kind in schema.type_map.values():
        for field in getattr(kind, "fields", {}).values():
            if str(getattr(field, "type", "")).rstrip("!").endswith("Connection"):
                assert {"first", "after"} <= set(field.args)


def test_a_list_can_be_led_through_either_way_or_forward(schema: GraphQLSchema) -> None:
    names = {"first", "after", "last", "before"}
    kinds = {
        frozenset(names & set(field.args))
        for kind in schema.type_map.values()
        for field in getattr(kind, "fields", {}).values()
        if str(getattr(field, "type", "")).rstrip("!").endswith("Connection")
    }
    assert kinds == {frozenset(names), frozenset({"first", "after"})}
    for name, kind in schema.type_map.items():
        if name.endswith("Connection"):
            # How many there are in all would be counted anew for each page.
            assert {part: str(one.type) for part, one in getattr(kind, "fields", {}).items()} == {
                "edges": f"[{name.removesuffix('Connection')}Edge!]!",
                "pageInfo": "PageInfo!",
            }


def test_a_mutation_takes_one_input_and_tells_what_it_changed_and_what_was_wrong(schema: GraphQLSchema) -> None:
    assert schema.mutation_type is not None
    for name, field in schema.mutation_type.fields.items():
        assert {part: str(one.type) for part, one in field.args.items()} == {
            "input": f"{name[0].upper()}{name[1:]}Input!"
        }
        assert isinstance(field.type, GraphQLNonNull), name
        payload = field.type.of_type
        assert isinstance(payload, GraphQLObjectType), name
        assert payload.name.endswith("Payload")
        parts = {part: str(one.type) for part, one in payload.fields.items()}
        assert parts.pop("errors") == "[MutationError!]!", name
        # What was changed, or made; never whether, which `errors` tells.
        assert any(is_object_type(get_named_type(payload.fields[part].type)) or part == "event" for part in parts), name
        assert "Boolean" not in str(parts), name


def test_what_can_be_wrong_with_a_mutation_has_a_type_that_clients_branch_on(schema: GraphQLSchema) -> None:
    error = schema.type_map["MutationError"]
    assert isinstance(error, GraphQLInterfaceType)
    assert {part: str(one.type) for part, one in error.fields.items()} == {"message": "String!", "path": "[String!]"}
    named = {kind.name for kind in schema.get_possible_types(error)}
    assert {"NotFound", "CursorConflict", "InvalidInput", "IdempotencyKeyReused", "WrongState"} <= named


def test_what_is_named_in_one_of_several_ways_is_one_of(schema: GraphQLSchema) -> None:
    choices = {name for name, kind in schema.type_map.items() if is_input_object_type(kind) and kind.is_one_of}
    assert choices == {"SensorBy", "JobBy"}


def test_scalars_say_what_specifies_them(schema: GraphQLSchema) -> None:
    own = {name: kind for name, kind in schema.type_map.items() if is_scalar_type(kind) and name not in BUILT_IN}
    specified = {name: getattr(kind, "specified_by_url", None) for name, kind in own.items()}
    # A position is opaque: there is nothing to know about it.
    assert specified.pop("StreamPosition") is None
    assert set(specified) == {"DateTime", "JSON"}
    assert all(str(url).startswith("https://") for url in specified.values())


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
