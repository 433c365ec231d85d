"""Limits of documents: how deep, how many aliases, how many fields once fragments are spread out.

Each fragment is measured once, so that measuring a document stays linear however its fragments nest.
"""

from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    StringValueNode,
    ValidationContext,
    ValidationRule,
)

MOST_TOKENS = 5000
DEEPEST = 20
MOST_ALIASES = 50
MOST_FIELDS = 2000


class Extent(NamedTuple):
    """How large a selection is."""

    depth: int = 0
    aliases: int = 0
    fields: int = 0


class Measure:
    """Measures selections of one document."""

    def __init__(self, document: DocumentNode) -> None:
        self._fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._measured: dict[str, Extent] = {}

    def selection(self, selected: SelectionSetNode | None) -> Extent:
        """Return the extent of what is selected, fragments spread out."""
        parts = [self._part(node) for node in selected.selections] if selected is not None else []
        return Extent(
            depth=max((part.depth for part in parts), default=0),
            aliases=sum(part.aliases for part in parts),
            fields=sum(part.fields for part in parts),
        )

    def _part(self, node: Any) -> Extent:
        if isinstance(node, FieldNode):
            inner = self.selection(node.selection_set)
            return Extent(inner.depth + 1, inner.aliases + (node.alias is not None), inner.fields + 1)
        if isinstance(node, InlineFragmentNode):
            return self.selection(node.selection_set)
        assert isinstance(node, FragmentSpreadNode)
        return self._fragment(node.name.value)

    def _fragment(self, name: str) -> Extent:
        if name not in self._measured:
            # A fragment that spreads itself counts as nothing here; another rule refuses it.
            self._measured[name] = Extent()
            fragment = self._fragments.get(name)
            if fragment is not None:
                self._measured[name] = self.selection(fragment.selection_set)
        return self._measured[name]


class LimitsRule(ValidationRule):
    """Refuses documents that are too large, and text that the database cannot hold."""

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self._measure = Measure(context.document)

    def enter_operation_definition(self, node: OperationDefinitionNode, *_: Any) -> None:
        """Measure the operation."""
        extent = self._measure.selection(node.selection_set)
        for name, found, most in (
            ("levels deep", extent.depth, DEEPEST),
            ("aliases", extent.aliases, MOST_ALIASES),
            ("fields", extent.fields, MOST_FIELDS),
        ):
            if found > most:
                self.report_error(GraphQLError(f"The operation has {found} {name}; at most {most} are allowed.", node))

    def enter_string_value(self, node: StringValueNode, *_: Any) -> None:
        """Look for a NUL, which Postgres cannot hold."""
        if "\x00" in node.value:
            self.report_error(GraphQLError("Text cannot hold the character U+0000.", node))
