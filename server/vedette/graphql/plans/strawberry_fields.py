"""Short ways to fields of strawberry: past what it does for arguments, extensions and handlers that are not there."""

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from graphql import GraphQLField, GraphQLSchema
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import StrawberryField


def attribute(definition: GraphQLField) -> Callable[[Any], Any] | None:
    """Return what reads a field that is an attribute of its source; None for any other field."""
    field = _plain(definition)
    if field is None or field.base_resolver is not None or field.default_resolver is not getattr:
        return None
    return attrgetter(field.python_name)


def method(schema: GraphQLSchema, definition: GraphQLField) -> Callable[..., Any] | None:
    """Return what calls the resolver of a field without arguments: with its source, and with what gives graphql-core's
    info where it asks for that. None for any other field.
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
        return lambda source, info_of: called(source)
    name, info_class = told.name, strawberrys.config.info_class
    return lambda source, info_of: called(source, **{name: info_class(_raw_info=info_of(), _field=field)})


def _plain(definition: GraphQLField) -> StrawberryField | None:
    """Return the strawberry field behind a field, if nothing wraps its resolver."""
    field = definition.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    if not isinstance(field, StrawberryField) or field.extensions:
        return None
    return field if type(field).get_result is StrawberryField.get_result else None
