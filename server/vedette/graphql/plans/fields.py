"""One field: it is resolved and completed as graphql-core's Executor.execute_field does it."""

from collections.abc import Callable
from typing import Any

from graphql.execution.collect_fields import FieldDetailsList
from graphql.execution.executor import Executor, to_nodes
from graphql.execution.values import get_argument_values
from graphql.pyutils import Path
from graphql.type import GraphQLObjectType, is_leaf_type

from vedette.graphql.plans.completion import SETTLED, Complete, Completion, Place
from vedette.graphql.plans.leaves import Leaf
from vedette.graphql.plans.strawberry_fields import attribute, method

# A Leaf is one too.
Field = Callable[[Executor[Any], Any, Path | None], Any]
Resolve = Callable[[Executor[Any], Any, Path], Any]


def planned_field(
    run: Executor[Any], parent: GraphQLObjectType, name: str, details: FieldDetailsList, selected: Callable[..., Any]
) -> Field | None:
    """Plan a field of `parent` that is called `name` in the answer; None for one that the type has not."""
    definition = run.schema.get_field(parent, details[0].node.name.value)
    if definition is None:
        return None
    place = Place(parent, definition, details, to_nodes(details))
    if details[0].node.name.value == "__typename":
        return lambda run, source, path: parent.name
    finish = _finish(place, Completion(place, selected).of(definition.type))
    read = attribute(definition)
    if read is None:
        return _resolved(place, name, _resolve(run, place), finish)
    if is_leaf_type(getattr(definition.type, "of_type", definition.type)):
        return Leaf(place, name, read, finish)
    return _resolved(place, name, lambda run, source, path: read(source), finish)


def _resolved(place: Place, name: str, resolve: Resolve, finish: Complete) -> Field:
    parent_name = place.parent.name

    def field(run: Executor[Any], source: Any, path: Path | None) -> Any:
        here = Path(path, name, parent_name)
        try:
            value = resolve(run, source, here)
        except Exception as error:
            run.handle_field_error(error, place.definition.type, place.details, here)
            return None
        return finish(run, value, here)

    return field


def _resolve(run: Executor[Any], place: Place) -> Resolve:
    definition, node = place.definition, place.details[0].node
    called = method(run.schema, definition)
    if called is not None:
        return lambda run, source, path: called(source, run.context_value, lambda: place.info(run, path))

    def resolve(run: Executor[Any], source: Any, path: Path) -> Any:
        info = place.info(run, path)
        given = (
            get_argument_values(definition, node, run.variable_values, None, run.hide_suggestions)
            if definition.args or node.arguments
            else {}
        )
        return (definition.resolve or run.field_resolver)(source, info, **given)

    return resolve


def _finish(place: Place, complete: Complete) -> Complete:
    """Return the function that completes what a field resolved to, and takes the errors that its type lets it take."""
    kind, details = place.definition.type, place.details

    def finish(run: Executor[Any], value: Any, path: Path) -> Any:
        try:
            if type(value) not in SETTLED and run.is_awaitable(value):
                return place.later(run, value, complete, kind, path)
            completed = complete(run, value, path)
            is_waiting = type(completed) not in SETTLED and run.is_awaitable(completed)
            return place.later(run, completed, None, kind, path) if is_waiting else completed
        except Exception as error:
            run.handle_field_error(error, kind, details, path)
            return None

    return finish
