"""How long lists are that are no pages: as far as their arguments tell, or the schema itself."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLNamedType,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_enum_type,
    is_input_object_type,
    is_interface_type,
    is_object_type,
)

from vedette.graphql.ticks.tick_buckets import span_of

# Sizes of lists by the field, `Type.field`, that are known in some place of a document.
Sizes = tuple[tuple[str, int], ...]

_ARGUMENT = "ids"
_PARTED = "Sensor.tickBuckets"


def size_of(schema: GraphQLSchema, field: str, arguments: Mapping[str, Any], known: Sizes) -> int | None:
    """Return how long a list is at most; None where nothing tells."""
    given = arguments.get(_ARGUMENT)
    if given is not None:
        return len(given) if isinstance(given, list | tuple) else 1
    return _parts(schema, arguments) if field == _PARTED else dict(known).get(field)


def sizes_within(schema: GraphQLSchema, field: str, arguments: Mapping[str, Any]) -> Sizes:
    """Return the sizes that a field's arguments tell of lists further within."""
    if field != "Query.runTimeline":
        return ()
    jobs, runs = arguments.get("first"), arguments.get("perJob")
    sizes = {"RunTimeline.jobs": jobs, "JobTimeline.runs": runs, "JobTimeline.buckets": _parts(schema, arguments)}
    return tuple((name, max(0, size)) for name, size in sizes.items() if isinstance(size, int))


def _parts(schema: GraphQLSchema, arguments: Mapping[str, Any]) -> int:
    moment: Any = schema.type_map["DateTime"]
    try:
        since, until = (moment.coerce_input_value(arguments[name]) for name in ("since", "until"))
        return span_of(since, until, float(arguments["seconds"])).parts
    except (KeyError, TypeError, ValueError, OverflowError, GraphQLError):
        # The field itself refuses it, and tells what is wrong.
        return 0


@lru_cache(8)
def introspection_sizes(schema: GraphQLSchema) -> Mapping[str, float]:
    """Return how long the lists of introspection are: on average, but for those that there is one of."""
    types = list(schema.type_map.values())
    fields = [field for kind in types for field in _fields(kind)]
    of_fields = [len(_fields(get_named_type(field.type))) for field in fields]
    return {
        "__Schema.types": len(types),
        "__Schema.directives": len(schema.directives),
        "__Type.fields": max(len(fields) / len(types), _mean(of_fields)),
        "__Type.inputFields": _mean(len(kind.fields) if is_input_object_type(kind) else 0 for kind in types),
        "__Type.enumValues": _mean(len(kind.values) if is_enum_type(kind) else 0 for kind in types),
        "__Type.interfaces": _mean(len(getattr(kind, "interfaces", ())) for kind in types),
        "__Type.possibleTypes": _mean(
            len(schema.get_possible_types(kind)) if is_abstract_type(kind) else 0 for kind in types
        ),
        "__Field.args": _mean(len(field.args) for field in fields),
        "__Directive.args": _mean(len(directive.args) for directive in schema.directives),
    }


def _fields(kind: GraphQLNamedType) -> list[Any]:
    return list(kind.fields.values()) if is_object_type(kind) or is_interface_type(kind) else []


def _mean(sizes: Iterable[int]) -> float:
    found = list(sizes)
    return sum(found) / max(1, len(found))
