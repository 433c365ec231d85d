"""Documents that a schema allows, as hypothesis-graphql draws them, made harder: with variables, fragments, aliases,
repeated fields and conditions.
"""

from random import Random
from typing import Any, NamedTuple

import graphql
from graphql import (
    ArgumentNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    NamedTypeNode,
    NameNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    TypeInfo,
    TypeInfoVisitor,
    VariableNode,
    Visitor,
)
from hypothesis import strategies as st
from hypothesis_graphql import queries

CONDITIONS = ("first", "second")
SEEDS = st.integers(0, 2**32)


class Drawn(NamedTuple):
    """A document and variables for it; those of CONDITIONS are the caller's to choose."""

    document: DocumentNode
    variables: dict[str, Any]


def documents(schema: GraphQLSchema, **options: Any) -> st.SearchStrategy[Drawn]:
    """Draw documents with one query each; options are those of hypothesis-graphql."""
    drawn = queries(schema, print_ast=lambda document: document, allow_x00=False, **options)
    hardened = st.builds(lambda document, seed: _hardened(schema, document, Random(seed)), drawn, SEEDS)
    return hardened.filter(lambda one: not graphql.validate(schema, one.document))


def _hardened(schema: GraphQLSchema, document: DocumentNode, random: Random) -> Drawn:
    types = TypeInfo(schema)
    harder = _Harder(types, random)
    changed = graphql.visit(graphql.parse(graphql.print_ast(document)), TypeInfoVisitor(types, harder))
    [operation] = (node for node in changed.definitions if isinstance(node, OperationDefinitionNode))
    used = graphql.print_ast(DocumentNode(definitions=(operation, *harder.fragments)))
    declared = [f"${name}: Boolean!" for name in CONDITIONS if f"${name}" in used] + harder.declared
    head = f"query Drawn({', '.join(declared)}) " if declared else "query Drawn "
    body = graphql.print_ast(operation.selection_set)
    text = "\n".join([head + body, *map(graphql.print_ast, harder.fragments)])
    return Drawn(graphql.parse(text), harder.variables)


class _Harder(Visitor):
    def __init__(self, types: TypeInfo, random: Random) -> None:
        super().__init__()
        self._types = types
        self._random = random
        self.fragments: list[FragmentDefinitionNode] = []
        self.declared: list[str] = []
        self.variables: dict[str, Any] = {}
        self._aliases = 0

    def enter_argument(self, node: ArgumentNode, *_: Any) -> Any:
        kind = self._types.get_input_type()
        if kind is None or self._random.random() < 0.5:
            return None
        name = f"v{len(self.variables)}"
        self.declared.append(f"${name}: {kind}")
        self.variables[name] = graphql.value_from_ast_untyped(node.value)
        value = VariableNode(name=NameNode(value=name))
        return ArgumentNode(name=node.name, value=value)

    def leave_field(self, node: FieldNode, *_: Any) -> FieldNode:
        alias = node.alias
        if alias is None and self._random.random() < 0.2:
            self._aliases += 1
            alias = NameNode(value=f"alias{self._aliases}")
        return FieldNode(
            alias=alias,
            name=node.name,
            arguments=node.arguments,
            directives=self._directives(),
            selection_set=node.selection_set,
        )

    def leave_selection_set(self, node: SelectionSetNode, *_: Any) -> SelectionSetNode:
        parent = self._types.get_parent_type()
        selections = [self._wrapped(one, parent) for one in node.selections]
        if self._random.random() < 0.3:
            selections.append(self._random.choice(selections))
        if self._random.random() < 0.2:
            selections.append(FieldNode(name=NameNode(value="__typename"), directives=self._directives()))
        return SelectionSetNode(selections=tuple(selections))

    def _wrapped(self, node: SelectionNode, parent: Any) -> SelectionNode:
        chance = self._random.random()
        if parent is None or chance > 0.3:
            return node
        condition = NamedTypeNode(name=NameNode(value=parent.name))
        selected = SelectionSetNode(selections=(node,))
        if chance > 0.15:
            on = condition if chance > 0.22 else None
            return InlineFragmentNode(type_condition=on, directives=self._directives(), selection_set=selected)
        name = NameNode(value=f"Part{len(self.fragments)}")
        self.fragments.append(
            FragmentDefinitionNode(name=name, type_condition=condition, directives=(), selection_set=selected)
        )
        return FragmentSpreadNode(name=name, directives=self._directives())

    def _directives(self) -> tuple[DirectiveNode, ...]:
        if self._random.random() > 0.15:
            return ()
        name = self._random.choice(["skip", "include"])
        value = self._random.choice(["true", "false", *(f"${name}" for name in CONDITIONS)])
        [node] = graphql.parse(f"{{ a @{name}(if: {value}) }}").definitions
        assert isinstance(node, OperationDefinitionNode)
        return tuple(node.selection_set.selections[0].directives or ())
