"""Places: fields in an operation."""

from collections.abc import Callable
from types import CoroutineType
from typing import Any, NamedTuple

from graphql import FieldNode, GraphQLField
from graphql.execution.collect_fields import FieldDetailsList
from graphql.execution.executor import Executor
from graphql.type import GraphQLObjectType, GraphQLOutputType

from vedette.graphql.plans.ways import Way, path_of

Complete = Callable[[Executor[Any], Any, Way], Any]
# Makes an object of the answer; the root has no way.
Make = Callable[[Executor[Any], Any, Way | None], Any]
# What is to be awaited of an object, by name.
Late = list[tuple[str, Any]]

# Types whose values are never to be awaited; classes of objects join them when they are planned.
SETTLED: set[type] = {dict, list, str, int, float, bool, type(None)}


class Place(NamedTuple):
    """A field in an operation: its name in the answer, its type's field, and the nodes that ask for it."""

    name: str
    parent: GraphQLObjectType
    definition: GraphQLField
    details: FieldDetailsList
    nodes: list[FieldNode]

    def way(self, before: Way | None) -> Way:
        """Return the way to this place of an object."""
        return before, self.name, self.parent.name

    def info(self, run: Executor[Any], way: Way) -> Any:
        """Return what resolvers are told, at the field of `way`, which may be that of an item of its list."""
        while isinstance(way[1], int):
            way = way[0]
        return run.build_resolve_info(self.definition, self.nodes, self.parent, path_of(way))

    def fail(self, run: Executor[Any], error: Exception, kind: GraphQLOutputType, way: Way) -> None:
        """Take an error, or raise it where a value of `kind` cannot be null: then it is located, and stays as it is."""
        run.handle_field_error(error, kind, self.details, path_of(way))

    def finish(self, run: Executor[Any], value: Any, complete: Complete, kind: GraphQLOutputType, way: Way) -> Any:
        """Complete a value, and take the error that a value of `kind` can take."""
        try:
            if type(value) not in SETTLED and run.is_awaitable(value):
                return self.later(run, value, complete, kind, way)
            completed = complete(run, value, way)
            is_waiting = type(completed) not in SETTLED and run.is_awaitable(completed)
            return self.later(run, completed, None, kind, way) if is_waiting else completed
        except Exception as error:
            self.fail(run, error, kind, way)
            return None

    async def later(
        self, run: Executor[Any], waiting: Any, complete: Complete | None, kind: GraphQLOutputType, way: Way
    ) -> Any:
        """Await a value (and complete it), and take the error that a value of `kind` can take."""
        try:
            value = await waiting
            completed = value if complete is None else complete(run, value, way)
            # What is complete is not looked at again, as in graphql-core.
            return await completed if complete is not None and run.is_awaitable(completed) else completed
        except Exception as error:
            self.fail(run, error, kind, way)
            return None

    def noted(self, run: Executor[Any], found: Any, late: Late) -> Any:
        """Return what the field came to; where that is to be awaited, it is noted as `late`."""
        # The executor is asked although it is known: it notes what may have to be closed.
        if type(found) is CoroutineType and run.is_awaitable(found):
            late.append((self.name, found))
        return found
