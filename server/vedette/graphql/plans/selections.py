"""The fields that are selected of one type of object."""

from collections.abc import Iterator
from functools import cached_property
from types import CoroutineType
from typing import Any

from graphql.execution.collect_fields import GroupedFieldSet
from graphql.execution.executor import Executor
from graphql.type import GraphQLObjectType

from vedette.graphql.plans.fields import planned_field
from vedette.graphql.plans.functions import Part, function
from vedette.graphql.plans.places import Make, Place


class Selection:
    """The fields of the root, to be executed all together or one after the other."""

    def __init__(self, parts: tuple[Part, ...]) -> None:
        self._parts = parts

    @cached_property
    def together(self) -> Make:
        """What makes the root object, or a coroutine of it, in which all that is to be awaited is awaited together."""
        return function(self._parts)

    @cached_property
    def _one_by_one(self) -> tuple[Make, ...]:
        return tuple(function([part]) for part in self._parts)

    def serially(self, run: Executor[Any], source: Any) -> Any:
        """Return the root object, or a coroutine of it, whose fields are executed one after the other."""
        results: dict[str, Any] = {}
        fields = iter(self._one_by_one)
        for field in fields:
            found = field(run, source, None)
            if type(found) is CoroutineType and run.is_awaitable(found):
                return _rest(run, source, results, found, fields)
            results |= found
        return results


async def _rest(run: Executor[Any], source: Any, results: dict[str, Any], waiting: Any, fields: Iterator[Make]) -> Any:
    results |= await waiting
    for field in fields:
        found = field(run, source, None)
        results |= await found if type(found) is CoroutineType else found
    return results


def selection(run: Executor[Any], parent: GraphQLObjectType, grouped: GroupedFieldSet) -> Selection:
    """Plan the fields that were collected for a type; what they select themselves is planned when it is met."""
    found = (planned_field(run, parent, name, details, _made) for name, details in grouped.items())
    return Selection(tuple(part for part in found if part is not None))


def _made(run: Executor[Any], place: Place, kind: GraphQLObjectType) -> Make:
    return selection(run, kind, run.collect_subfields(kind, place.details).grouped_field_set).together
