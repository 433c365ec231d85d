"""Which deprecated members of the schema an operation uses: fields, arguments, enum values, input fields.

A member is named as `Type.field`, `Type.field(argument:)`, `Enum.VALUE` or `Input.field`. What stands in the document
is found once; what comes in variables is looked for in those alone whose types have deprecated members, each time. What
a client skips by a directive counts as used: it would be missed no less.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from graphql import (
    ArgumentNode,
    DocumentNode,
    EnumValueNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLSchema,
    ObjectFieldNode,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    get_nullable_type,
    is_list_type,
    type_from_ast,
    visit,
)


def members(schema: GraphQLSchema) -> dict[str, str]:
    """Return every deprecated member of a schema with what is said of it."""
    return {name: reason for kind in schema.type_map.values() for name, reason in _members_of(kind)}


def _members_of(kind: Any) -> Iterator[tuple[str, str]]:
    for name, one in (*getattr(kind, "fields", {}).items(), *getattr(kind, "values", {}).items()):
        if one.deprecation_reason is not None:
            yield f"{kind.name}.{name}", one.deprecation_reason
        for argument, given in getattr(one, "args", {}).items():
            if given.deprecation_reason is not None:
                yield f"{kind.name}.{name}({argument}:)", given.deprecation_reason


class Uses(NamedTuple):
    """What an operation uses whatever its variables are, and the variables that may use more, with their types."""

    members: frozenset[str] = frozenset()
    variables: tuple[tuple[str, GraphQLInputType], ...] = ()

    def with_variables(self, values: Mapping[str, Any]) -> frozenset[str]:
        """Return all that is used, for variables that fit their types."""
        if not self.variables:
            return self.members
        found = (one for name, kind in self.variables for one in _in_value(kind, values.get(name)))
        return self.members.union(found)


NOTHING = Uses()


class Deprecations:
    """The deprecated members of a schema, and who of an operation's document uses them."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self.members = members(schema)

    def uses(self, document: DocumentNode, operation: OperationDefinitionNode) -> Uses:
        """Return what an operation of a valid document uses."""
        if not self.members:
            return NOTHING
        types = TypeInfo(self._schema)
        found = _Used(types)
        for node in _with_fragments(document, operation):
            visit(node, TypeInfoVisitor(types, found))
        return Uses(frozenset(found.members), tuple(self._telling(operation)))

    def _telling(self, operation: OperationDefinitionNode) -> Iterator[tuple[str, GraphQLInputType]]:
        for node in operation.variable_definitions or ():
            kind: Any = type_from_ast(self._schema, node.type)
            if kind is not None and self._may_use(get_named_type(kind), set()):
                yield node.variable.name.value, kind

    def _may_use(self, kind: Any, seen: set[str]) -> bool:
        """Tell whether a value of an input type can use a deprecated member, itself or within it."""
        if kind.name in seen:
            return False
        seen.add(kind.name)
        if any(one.startswith(f"{kind.name}.") for one in self.members):
            return True
        inner = kind.fields.values() if isinstance(kind, GraphQLInputObjectType) else ()
        return any(self._may_use(get_named_type(one.type), seen) for one in inner)


def _with_fragments(
    document: DocumentNode, operation: OperationDefinitionNode
) -> Iterator[OperationDefinitionNode | FragmentDefinitionNode]:
    """Yield an operation and the fragments that it spreads, each once."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    waiting: list[OperationDefinitionNode | FragmentDefinitionNode] = [operation]
    while waiting:
        node = waiting.pop()
        yield node
        spread = _Spread()
        visit(node, spread)
        waiting += [fragments.pop(name) for name in spread.names if name in fragments]


class _Spread(Visitor):
    def __init__(self) -> None:
        super().__init__()
        # In order, each once.
        self.names: dict[str, None] = {}

    def enter_fragment_spread(self, node: FragmentSpreadNode, *_: Any) -> None:
        self.names[node.name.value] = None


class _Used(Visitor):
    def __init__(self, types: TypeInfo) -> None:
        super().__init__()
        self._types = types
        self._field = ""
        self.members: set[str] = set()

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        # A field's arguments come before the fields within it.
        self._field = node.name.value
        self._note(self._types.get_field_def(), self._types.get_parent_type(), self._field)

    def enter_argument(self, node: ArgumentNode, *_: Any) -> None:
        # Directives have arguments too; none of theirs is ours to deprecate.
        if self._types.get_directive() is None:
            member = f"{self._field}({node.name.value}:)"
            self._note(self._types.get_argument(), self._types.get_parent_type(), member)

    def enter_object_field(self, node: ObjectFieldNode, *_: Any) -> None:
        kind = get_named_type(self._types.get_parent_input_type())
        if isinstance(kind, GraphQLInputObjectType):
            self._note(kind.fields.get(node.name.value), kind, node.name.value)

    def enter_enum_value(self, node: EnumValueNode, *_: Any) -> None:
        self._note(self._types.get_enum_value(), get_named_type(self._types.get_input_type()), node.value)

    def _note(self, member: Any, kind: Any, name: str) -> None:
        if member is not None and kind is not None and member.deprecation_reason is not None:
            self.members.add(f"{kind.name}.{name}")


def _in_value(kind: Any, value: Any) -> Iterator[str]:
    kind = get_nullable_type(kind)
    if is_list_type(kind):
        for each in value if isinstance(value, list) else (value,):
            yield from _in_value(kind.of_type, each)
    elif isinstance(kind, GraphQLEnumType):
        one = kind.values.get(value) if isinstance(value, str) else None
        if one is not None and one.deprecation_reason is not None:
            yield f"{kind.name}.{value}"
    elif isinstance(kind, GraphQLInputObjectType) and isinstance(value, dict):
        for name, given in value.items():
            field = kind.fields.get(name)
            if field is not None:
                if field.deprecation_reason is not None:
                    yield f"{kind.name}.{name}"
                yield from _in_value(field.type, given)
