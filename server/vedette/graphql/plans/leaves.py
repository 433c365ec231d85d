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
from graphql.type import GraphQLOutputType, is_leaf_type, is_non_null_type

from vedette.graphql.plans.completion import Complete, Place

Fast = Callable[[Any], Any]

# Of values of just these types it is known that they are neither errors nor to be awaited.
_PLAIN = frozenset({str, int, float, bool, dict, list, tuple, datetime, date, time, Decimal, UUID})
_MOST, _LEAST = GraphQLInt.coerce_output_value(2**31 - 1), GraphQLInt.coerce_output_value(-(2**31))


class Leaf:
    """A field whose value `read` gives. A value of the type `as_is`, and a null that may be one, are the answer; `fast`
    turns others into it, or into Undefined where it cannot tell. `look` is for these, `fail` for what `read` raises.
    """

    __slots__ = ("_finish", "_name", "_place", "as_is", "fast", "read")

    def __init__(self, place: Place, name: str, read: Callable[[Any], Any], finish: Complete) -> None:
        kind: GraphQLOutputType = place.definition.type
        is_required = is_non_null_type(kind)
        inner = kind.of_type if is_non_null_type(kind) else kind
        self.read = read
        self.as_is = _AS_IS.get(inner, _Nothing) if is_leaf_type(inner) else _Nothing
        self.fast = _fast(inner) if is_required else _fast_or_null(inner)
        self._place, self._name, self._finish = place, name, finish

    def __call__(self, run: Executor[Any], source: Any, path: Path | None) -> Any:
        """Execute the field."""
        try:
            value = self.read(source)
        except Exception as error:
            return self.fail(run, error, path)
        taken = value if type(value) is self.as_is else self.fast(value)
        return taken if taken is not Undefined else self.look(run, value, path)

    def look(self, run: Executor[Any], value: Any, path: Path | None) -> Any:
        """Complete a value as any other, errors included."""
        return self._finish(run, value, Path(path, self._name, self._place.parent.name))

    def fail(self, run: Executor[Any], error: Exception, path: Path | None) -> None:
        """Take the error, or raise it where the field cannot be null."""
        here = Path(path, self._name, self._place.parent.name)
        run.handle_field_error(error, self._place.definition.type, self._place.details, here)


class _Nothing:
    """The type of no value."""


_AS_IS: dict[Any, type] = {GraphQLString: str, GraphQLID: str, GraphQLBoolean: bool}


def _fast_or_null(kind: Any) -> Fast:
    fast = _fast(kind)
    return lambda value: None if value is None else fast(value)


def _fast(kind: Any) -> Fast:
    """Return the function that turns a value into what the answer has, or into Undefined where it cannot tell."""
    if kind in _AS_IS:
        return lambda value: Undefined
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
    coerce = kind.coerce_output_value

    def fast(value: Any) -> Any:
        if type(value) not in _PLAIN:
            return Undefined
        try:
            taken = coerce(value)
        except Exception:
            # The closer look does the same again and tells the error.
            return Undefined
        return Undefined if taken is None else taken

    return fast


def _coerced(kind: Any, value: Any) -> Any:
    try:
        taken = kind.coerce_output_value(value)
    except Exception:
        # As above.
        return Undefined
    return Undefined if taken is None else taken
