"""Short ways to fields of strawberry: past what it does for arguments, extensions and handlers that are not there."""

from collections.abc import Callable
from datetime import datetime
from enum import Enum
from functools import lru_cache
from keyword import iskeyword
from operator import attrgetter
from typing import Any, NamedTuple

from graphql import GraphQLField, GraphQLObjectType, GraphQLSchema
from strawberry.schema.schema_converter import CustomGraphQLEnumType, GraphQLCoreConverter
from strawberry.schema.types.base_scalars import isoformat
from strawberry.types.cast import TYPE_CAST_ATTRIBUTE
from strawberry.types.field import StrawberryField

from vedette.graphql.plans.attributes import Attribute
from vedette.graphql.plans.places import Place


class Reading(NamedTuple):
    """How a field is read of `source`: a Python expression, and what it names. `#` ends names of its own."""

    expression: str
    named: dict[str, Any]


def reading(schema: GraphQLSchema, place: Place) -> Reading | None:
    """Return how a field is read that is an attribute, or a resolver without arguments; None for other fields."""
    field = _plain(place.definition)
    if field is None or field.is_subscription:
        return None
    if field.base_resolver is not None:
        return _called(getattr(schema, "_strawberry_schema"), field, place)  # noqa: B009
    name = field.python_name
    is_name = name.isidentifier() and not iskeyword(name)
    return Reading(f"source.{name}", {}) if field.default_resolver is getattr and is_name else None


def _called(schema: Any, field: StrawberryField, place: Place) -> Reading | None:
    resolver = field.base_resolver
    if resolver is None or field.arguments or schema.schema_converter.exception_handlers:
        return None
    if not resolver.self_parameter or resolver.parent_parameter or resolver.root_parameter:
        return None
    if isinstance(resolver.wrapped_func, Attribute):
        return Reading(f"source.{resolver.wrapped_func.path}", {})
    named: dict[str, Any] = {"call": resolver.wrapped_func}
    told = resolver.info_parameter
    if told is None:
        return Reading("call#(source)", named)
    named |= {"Info": _later(schema.config.info_class), "field": field, "place": place}
    return Reading(f"call#(source, {told.name}=Info#(field#, place#, run, way))", named)


@lru_cache
def _later(info_class: type[Any]) -> type[Any]:
    """Return a class of infos that have graphql-core's only once it is asked for: most resolvers want the context."""

    def begin(self: Any, field: StrawberryField, place: Place, run: Any, way: Any) -> None:
        self._field, self._place, self._run, self._way = field, place, run, way

    def raw(self: Any) -> Any:
        if self._place is not None:
            self._raw, self._place = self._place.info(self._run, self._place.way(self._way)), None
        return self._raw

    members = {"__init__": begin, "_raw_info": property(raw), "context": property(attrgetter("_run.context_value"))}
    return type(info_class.__name__, (info_class,), members)


def python_type(kind: GraphQLObjectType) -> type[Any] | None:
    """Return the class of a type's objects, where it is known that these are what they seem: nothing to be awaited."""
    definition = kind.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    # Of a generic type with arguments, objects are of the class without them.
    found = getattr(getattr(definition, "concrete_of", None) or definition, "origin", None)
    if not isinstance(found, type) or issubclass(found, Exception):
        return None
    return None if any(hasattr(found, name) for name in ("__await__", "__getattr__")) else found


def type_check(kind: GraphQLObjectType) -> Callable[[Any], bool] | None:
    """Return what tells whether a value is of a type, without an info; None where that would not do."""
    definition = kind.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    check: Any = kind.is_type_of
    if check is None:
        return lambda value: True
    if definition is None or definition.is_type_of is not None:
        return None
    known = definition.origin

    def fits(value: Any) -> bool:
        # What strawberry's check, which leaves its info alone, tells soonest of most objects.
        return (value.__class__ is known and not hasattr(value, TYPE_CAST_ATTRIBUTE)) or bool(check(value, None))

    return fits


def enum_class(kind: object) -> type[Enum] | None:
    """Return the class of an enum's members."""
    members: Any = kind.wrapped_cls if isinstance(kind, CustomGraphQLEnumType) else None
    found: type[Enum] | None = members
    return found


def is_isoformat(kind: Any) -> bool:
    """Tell whether moments of a scalar are written by their `isoformat`."""
    return any(kind.coerce_output_value is one for one in (isoformat, datetime.isoformat))


def _plain(definition: GraphQLField) -> StrawberryField | None:
    """Return the strawberry field behind a field, if nothing wraps its resolver."""
    field = definition.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    if not isinstance(field, StrawberryField) or field.extensions:
        return None
    return field if type(field).get_result is StrawberryField.get_result else None
