"""How values become what the answer has, by the type of their field: Executor.complete_value, decided once."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from graphql import FieldNode, GraphQLField
from graphql.execution.collect_fields import FieldDetailsList
from graphql.execution.executor import Executor, invalid_return_type_error
from graphql.pyutils import Path, Undefined, gather_with_cancel
from graphql.type import (
    GraphQLAbstractType,
    GraphQLLeafType,
    GraphQLList,
    GraphQLObjectType,
    GraphQLOutputType,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)

from vedette.graphql.plans.strawberry_fields import python_type, type_check

Complete = Callable[[Executor[Any], Any, Path], Any]

# Types whose values are never to be awaited; classes of objects join them when they are planned.
SETTLED: set[type] = {dict, list, str, int, float, bool, type(None)}


class Place(NamedTuple):
    """A field in an operation: its type's field, and the nodes that ask for it."""

    parent: GraphQLObjectType
    definition: GraphQLField
    details: FieldDetailsList
    nodes: list[FieldNode]

    def info(self, run: Executor[Any], path: Path) -> Any:
        """Return what resolvers are told, at the field of `path`, which may be that of an item of its list."""
        while isinstance(path.key, int):
            assert path.prev is not None
            path = path.prev
        return run.build_resolve_info(self.definition, self.nodes, self.parent, path)

    async def later(
        self, run: Executor[Any], waiting: Any, complete: Complete | None, kind: GraphQLOutputType, path: Path
    ) -> Any:
        """Await a value (and complete it), and take the error that a value of `kind` can take."""
        try:
            value = await waiting
            completed = value if complete is None else complete(run, value, path)
            # What is complete is not looked at again, as in graphql-core.
            return await completed if complete is not None and run.is_awaitable(completed) else completed
        except Exception as error:
            run.handle_field_error(error, kind, self.details, path)
            return None


class Completion:
    """The completion of one field's values."""

    def __init__(self, place: Place, selected: Callable[..., Any]) -> None:
        self._place = place
        self._selected = selected

    def of(self, kind: GraphQLOutputType) -> Complete:
        """Return the function that completes values of `kind`; it returns a value or a coroutine, or raises."""
        if is_non_null_type(kind):
            return self._required(self._of_kind(kind.of_type))
        inner: Complete = self._of_kind(kind)

        def complete(run: Executor[Any], value: Any, path: Path) -> Any:
            if value is None or value is Undefined:
                return None
            if isinstance(value, Exception):
                raise value
            return inner(run, value, path)

        return complete

    def _required(self, inner: Complete) -> Complete:
        parent, name = self._place.parent, self._place.nodes[0].name.value

        def complete(run: Executor[Any], value: Any, path: Path) -> Any:
            if isinstance(value, Exception):
                raise value
            is_missing = value is None or value is Undefined
            completed = None if is_missing else inner(run, value, path)
            if completed is None:
                raise TypeError(f"Cannot return null for non-nullable field {parent}.{name}.")
            return completed

        return complete

    def _of_kind(self, kind: Any) -> Complete:
        if is_list_type(kind):
            return self._list(kind)
        if is_leaf_type(kind):
            return self._leaf(kind)
        return self._abstract(kind) if is_abstract_type(kind) else self._object(kind)

    @staticmethod
    def _leaf(kind: GraphQLLeafType) -> Complete:
        return lambda run, value, path: run.complete_leaf_value(kind, value)

    def _list(self, kind: GraphQLList[Any]) -> Complete:
        item_kind, place = kind.of_type, self._place
        complete_item = self.of(item_kind)

        def complete(run: Executor[Any], values: Any, path: Path) -> Any:
            if type(values) not in {list, tuple}:
                return run.complete_list_value(kind, place.details, place.info(run, path), path, values, None)
            results: list[Any] = []
            waiting: list[int] = []
            try:
                for index, item in enumerate(values):
                    here = Path(path, index, None)
                    found = _item(place, run, item, complete_item, item_kind, here)
                    results.append(found)
                    if type(found) not in SETTLED and run.is_awaitable(found):
                        waiting.append(index)
            except Exception:
                # `results` is as long as what was begun; the one that raised has been settled.
                run.track_async_work([*(results[index] for index in waiting), *values[len(results) + 1 :]])
                raise
            return _awaited(results, waiting) if waiting else results

        return complete

    def _object(self, kind: GraphQLObjectType) -> Complete:
        place, selected = self._place, self._selected
        is_type_of, fits_type, known = kind.is_type_of, type_check(kind), python_type(kind)
        together: Complete | None = None
        if known is not None:
            SETTLED.add(known)

        def select(run: Executor[Any], value: Any, path: Path) -> Any:
            nonlocal together
            if together is None:
                together = selected(run, kind, place.details).together
            return together(run, value, path)

        if is_type_of is None:
            return select
        if fits_type is not None:
            return self._checked(kind, fits_type, select)

        def complete(run: Executor[Any], value: Any, path: Path) -> Any:
            fits = is_type_of(value, place.info(run, path))
            if run.is_awaitable(fits):
                return _fitting(place, run, fits, kind, select, value, path)
            if not fits:
                raise invalid_return_type_error(kind, value, place.details)
            return select(run, value, path)

        return complete

    def _checked(self, kind: GraphQLObjectType, fits: Callable[[Any], bool], select: Complete) -> Complete:
        details = self._place.details

        def complete(run: Executor[Any], value: Any, path: Path) -> Any:
            if not fits(value):
                raise invalid_return_type_error(kind, value, details)
            return select(run, value, path)

        return complete

    def _abstract(self, kind: GraphQLAbstractType) -> Complete:
        place = self._place
        of_type: dict[str, Complete] = {}

        def as_type(run: Executor[Any], name: Any, value: Any, path: Path) -> Any:
            runtime = run.ensure_valid_runtime_type(name, kind, place.details, place.info(run, path), value)
            if runtime.name not in of_type:
                of_type[runtime.name] = self._object(runtime)
            return of_type[runtime.name](run, value, path)

        async def later(run: Executor[Any], waiting: Any, value: Any, path: Path) -> Any:
            completed = as_type(run, await waiting, value, path)
            return await completed if run.is_awaitable(completed) else completed

        def complete(run: Executor[Any], value: Any, path: Path) -> Any:
            name = (kind.resolve_type or run.type_resolver)(value, place.info(run, path), kind)
            return (later if run.is_awaitable(name) else as_type)(run, name, value, path)

        return complete


def _item(place: Place, run: Executor[Any], item: Any, complete: Complete, kind: GraphQLOutputType, path: Path) -> Any:
    try:
        if type(item) not in SETTLED and run.is_awaitable(item):
            return place.later(run, item, complete, kind, path)
        completed = complete(run, item, path)
        is_waiting = type(completed) not in SETTLED and run.is_awaitable(completed)
        return place.later(run, completed, None, kind, path) if is_waiting else completed
    except Exception as error:
        run.handle_field_error(error, kind, place.details, path)
        return None


async def _awaited(results: list[Any], waiting: list[int]) -> list[Any]:
    if len(waiting) == 1:
        results[waiting[0]] = await results[waiting[0]]
        return results
    values: Iterable[Any] = await gather_with_cancel(*(results[index] for index in waiting))
    for index, value in zip(waiting, values, strict=True):
        results[index] = value
    return results


async def _fitting(
    place: Place, run: Executor[Any], fits: Any, kind: GraphQLObjectType, select: Complete, value: Any, path: Path
) -> Any:
    if not await fits:
        raise invalid_return_type_error(kind, value, place.details)
    completed = select(run, value, path)
    return await completed if run.is_awaitable(completed) else completed
