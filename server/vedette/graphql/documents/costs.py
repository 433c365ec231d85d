"""What an operation may cost: the number of objects that it asks for, known before it is executed.

An object costs 1. A page counts as many objects as it may hold (`first` or `last`, or the default size), `nodes(ids:)`
as many as there are ids, any other list LIST_SIZE; what is asked of each counts as often. A mutation costs MUTATION,
and one more for each sensor that it is given in `sensorIds`.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
)

from vedette.graphql.connections import DEFAULT_SIZE, LARGEST_SIZE

LIST_SIZE = 10
MUTATION = 10


# Whoever has used all of their budget may still ask how it stands.
_FREE = frozenset({"RateLimit"})


def is_free(named: GraphQLNamedType, parent: GraphQLNamedType | None) -> bool:
    """Tell whether an object of a type costs nothing itself, where it is a field of `parent`."""
    # The page has counted its edges and what they lead to.
    is_of_page = named.name.endswith(("Edge", "PageInfo")) or (parent is not None and parent.name.endswith("Edge"))
    return is_of_page or named.name in _FREE


class Page(NamedTuple):
    """A page that is asked for: the field's name and the size given, before it is judged."""

    field: str
    size: int


class Price(NamedTuple):
    """What an operation costs: the objects that it may be given, and what it does."""

    objects: int
    effects: int


class Cost:
    """Works out the cost of one operation; `pages` are those whose size is given."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode, variables: Mapping[str, Any]) -> None:
        self._schema = schema
        self._variables = variables
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._known: dict[str, int] = {}
        self._known_effects: dict[str, int] = {}
        self.pages: list[Page] = []

    def of(self, operation: OperationDefinitionNode) -> Price:
        """Return what an operation of the document costs, which is valid."""
        defaults = {node.variable.name.value: node.default_value for node in operation.variable_definitions or ()}
        self._variables = {**defaults, **self._variables}
        root = self._schema.get_root_type(operation.operation)
        objects = self._selection(operation.selection_set, root)
        is_mutation = operation.operation is OperationType.MUTATION
        return Price(objects, self._effects(operation.selection_set) if is_mutation else 0)

    def _effects(self, selected: SelectionSetNode) -> int:
        """Return what the mutations of a selection cost as such, wherever they stand."""
        return sum(self._effect(node) for node in selected.selections)

    def _effect(self, node: Any) -> int:
        if isinstance(node, FieldNode):
            return MUTATION + self._given(node)
        if isinstance(node, InlineFragmentNode):
            return self._effects(node.selection_set)
        assert isinstance(node, FragmentSpreadNode)
        name = node.name.value
        if name not in self._known_effects:
            self._known_effects[name] = self._effects(self._fragments[name].selection_set)
        return self._known_effects[name]

    def _given(self, node: FieldNode) -> int:
        """Return how many sensors a mutation names together."""
        for argument in node.arguments or ():
            value: Any = argument.value
            if isinstance(value, VariableNode):
                value = self._variables.get(value.name.value)
            if isinstance(value, ObjectValueNode):
                value = {field.name.value: field.value for field in value.fields}
            if isinstance(value, Mapping) and (listed := value.get("sensorIds")) is not None:
                return self._size(listed) or 0
        return 0

    def _selection(self, selected: SelectionSetNode, parent: GraphQLNamedType | None) -> int:
        return sum(self._part(node, parent) for node in selected.selections)

    def _part(self, node: Any, parent: GraphQLNamedType | None) -> int:
        if isinstance(node, FieldNode):
            return self._field(node, parent)
        if isinstance(node, InlineFragmentNode):
            condition = node.type_condition
            inner = parent if condition is None else self._schema.get_type(condition.name.value)
            return self._selection(node.selection_set, inner)
        assert isinstance(node, FragmentSpreadNode)
        return self._fragment(node.name.value)

    def _fragment(self, name: str) -> int:
        if name not in self._known:
            fragment = self._fragments[name]
            inner = self._schema.get_type(fragment.type_condition.name.value)
            self._known[name] = self._selection(fragment.selection_set, inner)
        return self._known[name]

    def _field(self, node: FieldNode, parent: GraphQLNamedType | None) -> int:
        field: GraphQLField | None = getattr(parent, "fields", {}).get(node.name.value)
        # Introspection reads nothing.
        if field is None or node.selection_set is None or is_leaf_type(named := get_named_type(field.type)):
            return 0
        inner = self._selection(node.selection_set, named)
        if is_free(named, parent):
            return inner
        return self._multiplicity(node, field, named) * (1 + inner)

    def _multiplicity(self, node: FieldNode, field: GraphQLField, named: GraphQLNamedType) -> int:
        given = {argument.name.value: self._size(argument.value) for argument in node.arguments or ()}
        if named.name.endswith("Connection"):
            sizes = [size for name in ("first", "last") if (size := given.get(name)) is not None]
            self.pages += [Page(node.name.value, size) for size in sizes]
            return min(LARGEST_SIZE, max([0, *sizes])) if sizes else DEFAULT_SIZE
        if not is_list_type(get_nullable_type(field.type)):
            return 1
        asked = given.get("ids")
        return LIST_SIZE if asked is None else asked

    def _size(self, value: Any) -> int | None:
        if isinstance(value, IntValueNode):
            # A number that is far too long is far too large, and takes long to read.
            return int(value.value[:12])
        if isinstance(value, ListValueNode):
            return len(value.values)
        if isinstance(value, VariableNode):
            return self._size(self._variables.get(value.name.value))
        if isinstance(value, list):
            return len(value)
        return value if isinstance(value, int) else None
