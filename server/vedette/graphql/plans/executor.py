"""The executor that follows plans, and the plans that are kept."""

import weakref
from collections.abc import Awaitable, Coroutine, Iterator, Sequence
from types import CoroutineType
from typing import Any

from graphql import DirectiveNode, Node, VariableNode, Visitor, visit
from graphql.execution.collect_fields import DeferUsage, GroupedFieldSet
from graphql.execution.executor import Executor
from graphql.type import GraphQLObjectType
from graphql.type.definition import GraphQLResolveInfoHelpers

from vedette.graphql.plans.latest import Latest
from vedette.graphql.plans.selections import Selection, selection
from vedette.graphql.plans.unawaited import Unawaited

MOST_PLANS = 512
# Of the documents that plans are of, in characters: each is 250 bytes of nodes and tokens where it is at its densest.
MOST_TEXT = 2**17
_INCREMENTAL = ("defer", "stream")


_conditions: Latest[tuple[str, ...]] = Latest(MOST_PLANS, MOST_TEXT)
_plans: Latest[Selection] = Latest(MOST_PLANS, MOST_TEXT)


class PlannedExecutor(Executor[Any]):
    """Executes operations by plans. An operation that is executed again has its plan as long as its nodes are the same:
    parse each document once.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._unawaited = Unawaited()
        # By methods it would know itself, and keep all that it has read until a collection.
        me = weakref.proxy(self)

        def gather(values: Sequence[Awaitable[Any]]) -> Awaitable[list[Any]]:
            gathered: Awaitable[list[Any]] = me.gather_async_work(values)
            return gathered

        def track(values: Sequence[Any]) -> None:
            me.track_async_work(values)

        self.async_helpers = GraphQLResolveInfoHelpers(gather, track)

    def execute_collected_root_fields(
        self,
        root_type: GraphQLObjectType,
        root_value: Any,
        grouped_field_set: GroupedFieldSet,
        serially: bool,
        new_defer_usages: Sequence[DeferUsage],
    ) -> Any:
        """Execute the root's fields; when they are done, or are given up, nothing of them goes on."""
        self._unawaited = unawaited = Unawaited()
        self.is_awaitable = unawaited.noting(self.is_awaitable)
        try:
            result = self._root_fields(root_type, root_value, grouped_field_set, serially, new_defer_usages)
        except BaseException:
            unawaited.close()
            raise
        if type(result) is CoroutineType:
            return _ended(result, unawaited)
        unawaited.close()
        return result

    def settle_in_background(self, awaitables: list[Awaitable[Any]]) -> None:
        """Begin them, as graphql-core does, for their errors are told of until the null above is there; end them."""
        super().settle_in_background(self._unawaited.begin(awaitables))

    def _root_fields(
        self,
        root_type: GraphQLObjectType,
        root_value: Any,
        grouped_field_set: GroupedFieldSet,
        serially: bool,
        new_defer_usages: Sequence[DeferUsage],
    ) -> Any:
        if new_defer_usages or not self._is_plannable():
            return super().execute_collected_root_fields(
                root_type, root_value, grouped_field_set, serially, new_defer_usages
            )
        plan = self._plan(root_type, grouped_field_set)
        return plan.serially(self, root_value) if serially else plan.together(self, root_value, None)

    def _is_plannable(self) -> bool:
        return not (
            self.abort_signal is not None
            or (self.middleware_manager is not None and self.middleware_manager.middlewares)
            or any(self.schema.get_directive(name) for name in _INCREMENTAL)
            or any(fragment.variable_signatures for fragment in self.fragments.values())
        )

    def _plan(self, root_type: GraphQLObjectType, grouped_field_set: GroupedFieldSet) -> Selection:
        nodes: list[Node] = [self.operation, *self.fragment_definitions.values()]
        identities = (self.schema, *nodes)
        key = tuple(map(id, identities))
        size = len(self.operation.loc.source.body) if self.operation.loc is not None else 0
        names = _conditions.get(key)
        if names is None:
            names = tuple(sorted({name for node in nodes for name in _conditional(node)}))
            _conditions.keep(key, names, size, identities)
        given = self.variable_values.coerced
        # What is skipped or included is the only thing about a plan that depends on variables.
        key_of_plan = (key, tuple(given.get(name) for name in names))
        plan = _plans.get(key_of_plan)
        if plan is None:
            plan = selection(self, root_type, grouped_field_set)
            _plans.keep(key_of_plan, plan, size, identities)
        return plan


async def _ended(result: Coroutine[Any, Any, Any], unawaited: Unawaited) -> Any:
    try:
        return await result
    finally:
        unawaited.close()


class _Conditions(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
        values = (argument.value for argument in node.arguments or ())
        self.names += [value.name.value for value in values if isinstance(value, VariableNode)]


def _conditional(node: Node) -> Iterator[str]:
    """Yield the variables that directives of an operation or a fragment are given."""
    found = _Conditions()
    visit(node, found)
    yield from found.names
