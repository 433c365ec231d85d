"""What an operation may cost: the number of objects that it asks for, known before it is executed.

An object costs 1. A page counts as many objects as it may hold (`first` or `last`, or the default size), `nodes(ids:)`
as many as there are ids, a list whose length arguments tell as many as they do, any other LIST_SIZE; what is asked of
each counts as often. A mutation costs MUTATION, and one more for each sensor that it is given in `sensorIds`.
Introspection costs what the schema has: the lists of its types are as long as they are on average.
"""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FloatValueNode,
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
    SchemaMetaFieldDef,
    SelectionSetNode,
    StringValueNode,
    TypeMetaFieldDef,
    Undefined,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
)

from vedette.graphql.connections import DEFAULT_SIZE, LARGEST_SIZE
from vedette.graphql.documents.list_sizes import Sizes, introspection_sizes, size_of, sizes_within

LIST_SIZE = 10
MUTATION = 10


# Whoever has used all of their budget may still ask how it stands.
_FREE = frozenset({"RateLimit"})
_OF_THE_SCHEMA = {"__schema": SchemaMetaFieldDef, "__type": TypeMetaFieldDef}


def is_free(named: GraphQLNamedType, parent: GraphQLNamedType | None) -> bool:
    """Tell whether an object of a type costs nothing itself, where it is a field of `parent`."""
    # The page has counted its edges and what they lead to.
    is_of_page = named.name.endswith(("Edge", "PageInfo")) or (parent is not None and parent.name.endswith("Edge"))
    return is_of_page or named.name in _FREE


def definition_of(schema: GraphQLSchema, parent: GraphQLNamedType | None, name: str) -> GraphQLField | None:
    """Return a field of a type, also those by which introspection begins; None for __typename."""
    found: GraphQLField | None = getattr(parent, "fields", {}).get(name)
    return found or (_OF_THE_SCHEMA.get(name) if parent is schema.query_type else None)


class Asked(NamedTuple):
    """How many a field is asked for, before it is judged."""

    field: str
    size: int


class Price(NamedTuple):
    """What an operation costs: the objects that it may be given, and what it does."""

    objects: int
    effects: int


class Cost:
    """Works out the cost of one operation; `pages` are those whose size is given, `named` lists whose ids are."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode, variables: Mapping[str, Any]) -> None:
        self._schema = schema
        self._variables = variables
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._known: dict[tuple[str, Sizes], int] = {}
        self._known_effects: dict[str, int] = {}
        self.pages: list[Asked] = []
        self.named: list[Asked] = []

    def of(self, operation: OperationDefinitionNode) -> Price:
        """Return what an operation of the document costs, which is valid."""
        defaults = {node.variable.name.value: node.default_value for node in operation.variable_definitions or ()}
        self._variables = {**defaults, **self._variables}
        root = self._schema.get_root_type(operation.operation)
        objects = self._selection(operation.selection_set, root, ())
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
            value = self._plain(argument.value)
            listed = self._plain(value.get("sensorIds")) if isinstance(value, Mapping) else None
            if listed is not None:
                return len(listed) if isinstance(listed, list | tuple) else 1
        return 0

    def _selection(self, selected: SelectionSetNode, parent: GraphQLNamedType | None, known: Sizes) -> int:
        return sum(self._part(node, parent, known) for node in selected.selections)

    def _part(self, node: Any, parent: GraphQLNamedType | None, known: Sizes) -> int:
        if isinstance(node, FieldNode):
            return self._field(node, parent, known)
        if isinstance(node, InlineFragmentNode):
            condition = node.type_condition
            inner = parent if condition is None else self._schema.get_type(condition.name.value)
            return self._selection(node.selection_set, inner, known)
        assert isinstance(node, FragmentSpreadNode)
        return self._fragment(node.name.value, known)

    def _fragment(self, name: str, known: Sizes) -> int:
        if (name, known) not in self._known:
            fragment = self._fragments[name]
            inner = self._schema.get_type(fragment.type_condition.name.value)
            self._known[name, known] = self._selection(fragment.selection_set, inner, known)
        return self._known[name, known]

    def _field(self, node: FieldNode, parent: GraphQLNamedType | None, known: Sizes) -> int:
        field = definition_of(self._schema, parent, node.name.value)
        if field is None or node.selection_set is None or is_leaf_type(named := get_named_type(field.type)):
            return 0
        coordinate = f"{parent.name if parent else ''}.{node.name.value}"
        arguments = self._arguments(node, field) if field.args else {}
        inner = self._selection(node.selection_set, named, sizes_within(self._schema, coordinate, arguments) or known)
        if is_free(named, parent):
            return inner
        if named.name.endswith("Connection"):
            return self._page(node.name.value, arguments) * (1 + inner)
        if not is_list_type(get_nullable_type(field.type)):
            return 1 + inner
        return math.ceil(self._length(node.name.value, coordinate, arguments, known) * (1 + inner))

    def _arguments(self, node: FieldNode, field: GraphQLField) -> dict[str, Any]:
        given = {argument.name.value: self._plain(argument.value) for argument in node.arguments or ()}
        defaults = {name: one.default_value for name, one in field.args.items() if one.default_value is not Undefined}
        return {**defaults, **given}

    def _page(self, name: str, arguments: Mapping[str, Any]) -> int:
        """Return how many a page may hold, and note the size that is given."""
        sizes = [size for given in ("first", "last") if isinstance(size := arguments.get(given), int)]
        self.pages += [Asked(name, size) for size in sizes]
        return min(LARGEST_SIZE, max([0, *sizes])) if sizes else DEFAULT_SIZE

    def _length(self, name: str, coordinate: str, arguments: Mapping[str, Any], known: Sizes) -> float:
        """Return how long a list is taken to be, and note how many things are named for it."""
        size = size_of(self._schema, coordinate, arguments, known)
        if size is not None and isinstance(arguments.get("ids"), list | tuple):
            self.named.append(Asked(name, size))
        return introspection_sizes(self._schema).get(coordinate, LIST_SIZE) if size is None else size

    def _plain(self, value: Any) -> Any:
        """Return a value that stands in the document, or is given for a variable, as far as sizes depend on it."""
        if isinstance(value, VariableNode):
            return self._plain(self._variables.get(value.name.value))
        if isinstance(value, IntValueNode):
            # A number that is far too long is far too large, and takes long to read.
            return int(value.value[:12])
        if isinstance(value, ObjectValueNode):
            return {field.name.value: field.value for field in value.fields}
        if isinstance(value, ListValueNode):
            return value.values
        if isinstance(value, StringValueNode | FloatValueNode):
            return value.value
        return None if isinstance(value, ValueNode) else value
