"""One field: it is resolved and completed as graphql-core's Executor.execute_field does it."""

from collections.abc import Callable
from typing import Any

from graphql.execution.collect_fields import FieldDetailsList
from graphql.execution.executor import Executor, to_nodes
from graphql.execution.values import get_argument_values
from graphql.type import GraphQLObjectType, is_leaf_type, is_non_null_type, is_object_type

from vedette.graphql.plans.completion import Completion
from vedette.graphql.plans.functions import Part
from vedette.graphql.plans.leaves import NOTHING, Taking, taking
from vedette.graphql.plans.objects import Objects, Plan
from vedette.graphql.plans.places import Complete, Late, Place
from vedette.graphql.plans.strawberry_fields import Reading, reading
from vedette.graphql.plans.ways import Way

# A value that is as it should be is taken; the others are looked at more closely. An error that is raised there is
# located, and stays as it is.
_READ = """\
try:
    v# = {read}
    if {condition}:
        {done}
    {otherwise}:
        v# = look#(run, v#, way, late)
except Exception as error:
    v# = fail#(run, error, way)"""


def planned_field(
    run: Executor[Any], parent: GraphQLObjectType, name: str, details: FieldDetailsList, plan: Plan
) -> Part | None:
    """Plan a field of `parent` that is called `name` in the answer; None for one that the type has not."""
    definition = run.schema.get_field(parent, details[0].node.name.value)
    if definition is None:
        return None
    if details[0].node.name.value == "__typename":
        return Part(name, f"v# = {parent.name!r}", {})
    place = Place(name, parent, definition, details, to_nodes(details))
    complete = Completion(place, plan).of(definition.type)
    found = reading(run.schema, place)
    if found is None:
        return Part(name, "v# = field#(run, source, way, late)", {"field": _resolved(place, complete)})
    return _read(place, found, complete, plan)


def _resolved(place: Place, complete: Complete) -> Callable[..., Any]:
    definition, node, kind = place.definition, place.details[0].node, place.definition.type

    def resolve(run: Executor[Any], source: Any, way: Way) -> Any:
        given = (
            get_argument_values(definition, node, run.variable_values, None, run.hide_suggestions)
            if definition.args or node.arguments
            else {}
        )
        return (definition.resolve or run.field_resolver)(source, place.info(run, way), **given)

    def field(run: Executor[Any], source: Any, before: Way | None, late: Late) -> Any:
        way = place.way(before)
        try:
            value = resolve(run, source, way)
        except Exception as error:
            place.fail(run, error, kind, way)
            return None
        return place.noted(run, place.finish(run, value, complete, kind, way), late)

    return field


def _read(place: Place, read: Reading, complete: Complete, plan: Plan) -> Part:
    kind: Any = place.definition.type
    inner = kind.of_type if is_non_null_type(kind) else kind
    taken = taking(inner) if is_leaf_type(inner) else _selected(place, inner, plan)
    text = _READ.format(
        read=read.expression,
        condition=taken.condition,
        done=taken.done,
        otherwise="else" if is_non_null_type(kind) else "elif v# is not None",
    )
    return Part(place.name, text, {**read.named, **taken.named, **_closer(place, complete)})


def _selected(place: Place, kind: Any, plan: Plan) -> Taking:
    if not is_object_type(kind):
        return NOTHING
    objects = Objects(place, kind, plan)
    if objects.known is None:
        return NOTHING
    made = f"v# = objects#.make(run, v#, (way, {place.name!r}, {place.parent.name!r}))"
    late = "if type(v#) is Coroutine:\n            v# = later#(run, v#, way, late)"
    named = {"objects": objects, "known": objects.known, "fits": objects.fits, "later": _later(place)}
    condition = "type(v#) is known#" if kind.is_type_of is None else "type(v#) is known# and fits#(v#)"
    return Taking(condition, f"{made}\n        {late}", named)


def _later(place: Place) -> Callable[..., Any]:
    def later(run: Executor[Any], waiting: Any, way: Way | None, late: Late) -> Any:
        assert run.is_awaitable(waiting)
        return place.noted(run, place.later(run, waiting, None, place.definition.type, place.way(way)), late)

    return later


def _closer(place: Place, complete: Complete) -> dict[str, Any]:
    """Return what is called for values that need a closer look, and for errors."""
    kind = place.definition.type

    def look(run: Executor[Any], value: Any, way: Way | None, late: Late) -> Any:
        return place.noted(run, place.finish(run, value, complete, kind, place.way(way)), late)

    def fail(run: Executor[Any], error: Exception, way: Way | None) -> None:
        place.fail(run, error, kind, place.way(way))

    return {"look": look, "fail": fail}
