"""Short ways to fields of strawberry: past what it does for arguments, extensions and handlers that are not there."""

from collections.abc import Callable
from functools import lru_cache
from operator import attrgetter
from typing import Any

from graphql import GraphQLField, GraphQLObjectType, GraphQLSchema
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import StrawberryField


def attribute(definition: GraphQLField) -> Callable[[Any], Any] | None:
    """Return what reads a field that is an attribute of its source; None for any other field."""
    field = _plain(definition)
    if field is None or field.base_resolver is not None or field.default_resolver is not getattr:
        return None
    return attrgetter(field.python_name)


def method(schema: GraphQLSchema, definition: GraphQLField) -> Callable[..., Any] | None:
    """Return what calls the resolver of a field without arguments: with its source, and where it asks for an info, with
    one that is made of the context and of what gives graphql-core's info. None for any other field.
    """
    field = _plain(definition)
    if field is None or field.base_resolver is None or field.arguments or field.is_subscription:
        return None
    resolver, strawberrys = field.base_resolver, getattr(schema, "_strawberry_schema")  # noqa: B009
    if strawberrys.schema_converter.exception_handlers or not resolver.self_parameter:
        return None
    if resolver.parent_parameter or resolver.root_parameter:
        return None
    called: Any = resolver.wrapped_func
    told = resolver.info_parameter
    if told is None:
        return lambda source, context, info_of: called(source)
    name, info = told.name, _later(strawberrys.config.info_class)
    return lambda source, context, info_of: called(source, **{name: info(context, info_of, field)})


@lru_cache
def _later(info_class: type[Any]) -> Callable[..., Any]:
    """Return a class of infos that have graphql-core's only once it is asked for: most resolvers want the context."""

    def begin(self: Any, context: Any, info_of: Callable[[], Any], field: StrawberryField) -> None:
        self._context, self._info_of, self._field = context, info_of, field

    def raw(self: Any) -> Any:
        if self._info_of is not None:
            self._raw, self._info_of = self._info_of(), None
        return self._raw

    members = {"__init__": begin, "_raw_info": property(raw), "context": property(attrgetter("_context"))}
    return type(info_class.__name__, (info_class,), members)


def python_type(kind: GraphQLObjectType) -> type[Any] | None:
    """Return the class of a type's objects, where it is known that these are what they seem: nothing to be awaited."""
    definition = kind.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    found = getattr(definition, "origin", None)
    is_simple = isinstance(found, type) and not any(hasattr(found, name) for name in ("__await__", "__getattr__"))
    return found if is_simple else None


def type_check(kind: GraphQLObjectType) -> Callable[[Any], bool] | None:
    """Return what tells whether a value is of a type, without an info; None where that would not do."""
    definition = kind.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    check: Any = kind.is_type_of
    if check is None or definition is None or definition.is_type_of is not None:
        return None
    # That of strawberry takes an info and leaves it alone.
    return lambda value: bool(check(value, None))


def _plain(definition: GraphQLField) -> StrawberryField | None:
    """Return the strawberry field behind a field, if nothing wraps its resolver."""
    field = definition.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    if not isinstance(field, StrawberryField) or field.extensions:
        return None
    return field if type(field).get_result is StrawberryField.get_result else None
