"""Fields that are an attribute and a leaf: most of an answer. What is as it should be is taken on the spot."""

from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from math import isfinite
from typing import Any
from uuid import UUID

from graphql import GraphQLBoolean, GraphQLEnumType, GraphQLFloat, GraphQLID, GraphQLInt, GraphQLString, Undefined
from graphql.execution.executor import Executor
from graphql.pyutils import Path
from graphql.type import GraphQLOutputType, is_non_null_type

from vedette.graphql.plans.completion import Complete, Place

Field = Callable[[Executor[Any], Any, Path | None], Any]
Fast = Callable[[Any], Any]

# Of values of just these types it is known that they are neither errors nor to be awaited.
_PLAIN = frozenset({str, int, float, bool, dict, list, tuple, datetime, date, time, Decimal, UUID})
_MOST, _LEAST = GraphQLInt.coerce_output_value(2**31 - 1), GraphQLInt.coerce_output_value(-(2**31))


def planned_leaf(place: Place, name: str, read: Callable[[Any], Any], finish: Complete) -> Field:
    """Plan a field whose value `read` gives; `finish` gets what needs a closer look, errors included."""
    kind: GraphQLOutputType = place.definition.type
    is_required = is_non_null_type(kind)
    fast = _fast(kind.of_type if is_non_null_type(kind) else kind)
    parent_name = place.parent.name

    def field(run: Executor[Any], source: Any, path: Path | None) -> Any:
        try:
            value = read(source)
        except Exception as error:
            run.handle_field_error(error, kind, place.details, Path(path, name, parent_name))
            return None
        if value is None and not is_required:
            return None
        taken = fast(value)
        return taken if taken is not Undefined else finish(run, value, Path(path, name, parent_name))

    return field


def _fast(kind: Any) -> Fast:
    """Return the function that turns a value into what the answer has, or into Undefined where it cannot tell."""
    if kind is GraphQLString or kind is GraphQLID:
        return lambda value: value if type(value) is str else Undefined
    if kind is GraphQLBoolean:
        return lambda value: value if type(value) is bool else Undefined
    if kind is GraphQLInt:
        return lambda value: value if type(value) is int and _LEAST <= value <= _MOST else Undefined
    if kind is GraphQLFloat:
        return lambda value: value if type(value) is float and isfinite(value) else Undefined
    return _member(kind) if isinstance(kind, GraphQLEnumType) else _scalar(kind)


def _member(kind: GraphQLEnumType) -> Fast:
    # A member is one object for ever; what equals it need not be a value of the enum.
    known: dict[int, tuple[Any, Any]] = {}

    def fast(value: Any) -> Any:
        found = known.get(id(value))
        if found is not None:
            return found[1]
        taken = _coerced(kind, value) if isinstance(value, Enum) else Undefined
        if taken is not Undefined:
            known[id(value)] = value, taken
        return taken

    return fast


def _scalar(kind: Any) -> Fast:
    return lambda value: _coerced(kind, value) if type(value) in _PLAIN else Undefined


def _coerced(kind: Any, value: Any) -> Any:
    try:
        taken = kind.coerce_output_value(value)
    except Exception:
        # `finish` does the same again and tells the error.
        return Undefined
    return Undefined if taken is None else taken
