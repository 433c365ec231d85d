"""The fields that are selected of one type of object."""

from collections.abc import Iterator
from types import CoroutineType
from typing import Any

from graphql.execution.collect_fields import FieldDetailsList, GroupedFieldSet
from graphql.execution.executor import Executor
from graphql.pyutils import Path, Undefined, gather_with_cancel
from graphql.type import GraphQLObjectType

from vedette.graphql.plans.fields import Field, planned_field
from vedette.graphql.plans.leaves import Leaf


class Selection:
    """Names in the answer, and for each the function that executes its field; this returns a coroutine or the value."""

    def __init__(self, fields: tuple[tuple[str, Field], ...]) -> None:
        self._fields = fields
        self._steps = tuple(_step(name, field) for name, field in fields)

    def together(self, run: Executor[Any], source: Any, path: Path | None) -> Any:
        """Return the object, or a coroutine of it, in which all that is to be awaited is awaited together."""
        results: dict[str, Any] = {}
        waiting: list[str] = []
        try:
            for name, field, read, as_is, fast in self._steps:
                # What a Leaf does, without calling it: most fields are leaves.
                if read is None:
                    results[name] = value = field(run, source, path)
                else:
                    try:
                        value = read(source)
                    except Exception as error:
                        results[name] = field.fail(run, error, path)
                        continue
                    if type(value) is as_is:
                        results[name] = value
                        continue
                    taken = fast(value)
                    results[name] = value = field.look(run, value, path) if taken is Undefined else taken
                # The executor is asked although it is known: it notes what may have to be closed.
                if type(value) is CoroutineType and run.is_awaitable(value):
                    waiting.append(name)
        except Exception:
            if waiting:
                run.settle_in_background([results[name] for name in waiting])
            raise
        return _awaited(results, waiting) if waiting else results

    def serially(self, run: Executor[Any], source: Any) -> Any:
        """Return the root object, or a coroutine of it, whose fields are executed one after the other."""
        results: dict[str, Any] = {}
        fields = iter(self._fields)
        for name, field in fields:
            results[name] = value = field(run, source, None)
            if type(value) is CoroutineType and run.is_awaitable(value):
                return _rest(run, source, results, name, fields)
        return results


def _step(name: str, field: Field) -> tuple[str, Any, Any, Any, Any]:
    if isinstance(field, Leaf):
        return name, field, field.read, field.as_is, field.fast
    return name, field, None, None, None


async def _awaited(results: dict[str, Any], waiting: list[str]) -> dict[str, Any]:
    if len(waiting) == 1:
        results[waiting[0]] = await results[waiting[0]]
    else:
        values = await gather_with_cancel(*(results[name] for name in waiting))
        results.update(zip(waiting, values, strict=True))
    return results


async def _rest(
    run: Executor[Any], source: Any, results: dict[str, Any], waiting: str, fields: Iterator[tuple[str, Field]]
) -> dict[str, Any]:
    results[waiting] = await results[waiting]
    for name, field in fields:
        value = field(run, source, None)
        results[name] = await value if type(value) is CoroutineType else value
    return results


def selection(run: Executor[Any], parent: GraphQLObjectType, grouped: GroupedFieldSet) -> Selection:
    """Plan the fields that were collected for a type; what they select themselves is planned when it is met."""
    found = ((name, planned_field(run, parent, name, details, _selected)) for name, details in grouped.items())
    return Selection(tuple((name, field) for name, field in found if field is not None))


def _selected(run: Executor[Any], parent: GraphQLObjectType, details: FieldDetailsList) -> Selection:
    return selection(run, parent, run.collect_subfields(parent, details).grouped_field_set)
