"""Variables of operations, which come from JSON: how deep and how many they may be, and what Postgres can hold."""

from collections.abc import Iterable
from itertools import chain
from typing import Any

from graphql import GraphQLError

from vedette.graphql.documents.limits import UNSTORABLE, Limits, is_storable
from vedette.graphql.errors import BAD_INPUT, RequestError, limit_exceeded


def flaw_of(variables: dict[str, Any], limits: Limits) -> GraphQLError | None:
    """Tell what of variables could not be gone through or be stored."""
    level: list[Any] = [variables]
    values = 0
    for _ in range(limits.max_variable_depth):
        if not all(is_storable(value) for value in level if isinstance(value, str)):
            return RequestError(BAD_INPUT, UNSTORABLE)
        level = [part for value in level for part in _parts(value)]
        values += len(level)
        if values > limits.max_variable_values:
            found = f"The variables hold {values} values or more, names included"
            return limit_exceeded("max_variable_values", limits.max_variable_values, found)
        if not level:
            return None
    found = f"The variables have more than {limits.max_variable_depth} levels"
    return limit_exceeded("max_variable_depth", limits.max_variable_depth, found)


def _parts(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return chain(value, value.values())
    return value if isinstance(value, list) else ()
