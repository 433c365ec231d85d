"""How values become what the answer has, by the type of their field: Executor.complete_value, decided once."""

from collections.abc import Iterable
from types import CoroutineType
from typing import Any

from graphql.execution.executor import Executor
from graphql.pyutils import Undefined, gather_with_cancel
from graphql.type import (
    GraphQLAbstractType,
    GraphQLLeafType,
    GraphQLList,
    GraphQLOutputType,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)

from vedette.graphql.plans.objects import Objects, Plan
from vedette.graphql.plans.places import SETTLED, Complete, Place
from vedette.graphql.plans.ways import Way, path_of


class Completion:
    """The completion of one field's values."""

    def __init__(self, place: Place, plan: Plan) -> None:
        self._place = place
        self._plan = plan

    def of(self, kind: GraphQLOutputType) -> Complete:
        """Return the function that completes values of `kind`; it returns a value or a coroutine, or raises."""
        if is_non_null_type(kind):
            return self._required(self._of_kind(kind.of_type))
        inner: Complete = self._of_kind(kind)

        def complete(run: Executor[Any], value: Any, way: Way) -> Any:
            if value is None or value is Undefined:
                return None
            if isinstance(value, Exception):
                raise value
            return inner(run, value, way)

        return complete

    def _required(self, inner: Complete) -> Complete:
        parent, name = self._place.parent, self._place.nodes[0].name.value

        def complete(run: Executor[Any], value: Any, way: Way) -> Any:
            if isinstance(value, Exception):
                raise value
            is_missing = value is None or value is Undefined
            completed = None if is_missing else inner(run, value, way)
            if completed is None:
                raise TypeError(f"Cannot return null for non-nullable field {parent}.{name}.")
            return completed

        return complete

    def _of_kind(self, kind: Any) -> Complete:
        if is_list_type(kind):
            return self._list(kind)
        if is_leaf_type(kind):
            return self._leaf(kind)
        return self._abstract(kind) if is_abstract_type(kind) else Objects(self._place, kind, self._plan)

    @staticmethod
    def _leaf(kind: GraphQLLeafType) -> Complete:
        return lambda run, value, way: run.complete_leaf_value(kind, value)

    def _list(self, kind: GraphQLList[Any]) -> Complete:
        place, complete_item = self._place, self._item(kind.of_type)

        def complete(run: Executor[Any], values: Any, way: Way) -> Any:
            if type(values) not in {list, tuple}:
                path = path_of(way)
                return run.complete_list_value(kind, place.details, place.info(run, way), path, values, None)
            results: list[Any] = []
            waiting: list[int] = []
            try:
                for index, item in enumerate(values):
                    found = complete_item(run, item, (way, index, None))
                    results.append(found)
                    if type(found) not in SETTLED and run.is_awaitable(found):
                        waiting.append(index)
            except Exception:
                # `results` is as long as what was begun; the one that raised has been settled.
                run.track_async_work([*(results[index] for index in waiting), *values[len(results) + 1 :]])
                raise
            return _awaited(results, waiting) if waiting else results

        return complete

    def _item(self, kind: Any) -> Complete:
        """Return the function that completes an item, and takes the errors that its type lets it take."""
        place, complete = self._place, self.of(kind)
        inner = kind.of_type if is_non_null_type(kind) else kind
        objects = Objects(place, inner, self._plan) if is_object_type(inner) else None

        def finish(run: Executor[Any], item: Any, way: Way) -> Any:
            return place.finish(run, item, complete, kind, way)

        if objects is None or objects.known is None or objects.fits is None:
            return finish
        known, fits = objects.known, objects.fits

        # Most items of most lists are objects, and as they should be: past what else they might be.
        def make(run: Executor[Any], item: Any, way: Way) -> Any:
            if type(item) is not known or not fits(item):
                return finish(run, item, way)
            try:
                made = objects.make(run, item, way)
            except Exception as error:
                place.fail(run, error, kind, way)
                return None
            is_waiting = type(made) is CoroutineType and run.is_awaitable(made)
            return place.later(run, made, None, kind, way) if is_waiting else made

        return make

    def _abstract(self, kind: GraphQLAbstractType) -> Complete:
        place = self._place
        of_type: dict[str, Complete] = {}

        def as_type(run: Executor[Any], name: Any, value: Any, way: Way) -> Any:
            runtime = run.ensure_valid_runtime_type(name, kind, place.details, place.info(run, way), value)
            if runtime.name not in of_type:
                of_type[runtime.name] = Objects(place, runtime, self._plan)
            return of_type[runtime.name](run, value, way)

        async def later(run: Executor[Any], waiting: Any, value: Any, way: Way) -> Any:
            completed = as_type(run, await waiting, value, way)
            return await completed if run.is_awaitable(completed) else completed

        def complete(run: Executor[Any], value: Any, way: Way) -> Any:
            name = (kind.resolve_type or run.type_resolver)(value, place.info(run, way), kind)
            return (later if run.is_awaitable(name) else as_type)(run, name, value, way)

        return complete


async def _awaited(results: list[Any], waiting: list[int]) -> list[Any]:
    if len(waiting) == 1:
        results[waiting[0]] = await results[waiting[0]]
        return results
    values: Iterable[Any] = await gather_with_cancel(*(results[index] for index in waiting))
    for index, value in zip(waiting, values, strict=True):
        results[index] = value
    return results
