"""Limits of documents: how deep, how wide, how many aliases and fields once fragments are spread out, and how many
things the pages that it asks for may hold in all.

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
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    StringValueNode,
    ValidationContext,
    ValidationRule,
)

from vedette.graphql.connections import DEFAULT_SIZE, LARGEST_SIZE

MOST_TOKENS = 5000
DEEPEST = 20
MOST_ALIASES = 50
MOST_FIELDS = 2000
# Whether fields of one selection can be merged is looked at pair by pair.
WIDEST = 200
# sensors(first: 100) with ticks(first: 100) of each is 10,100.
MOST_THINGS = 50_000


class Extent(NamedTuple):
    """How large a selection is."""

    depth: int = 0
    aliases: int = 0
    fields: int = 0
    width: int = 0
    widest: int = 0
    things: int = 0
    is_connection: bool = False


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
        width = sum(part.width for part in parts)
        return Extent(
            depth=max((part.depth for part in parts), default=0),
            aliases=sum(part.aliases for part in parts),
            fields=sum(part.fields for part in parts),
            width=width,
            widest=max((part.widest for part in parts), default=width),
            things=sum(part.things for part in parts),
            is_connection=any(part.is_connection for part in parts),
        )

    def _part(self, node: Any) -> Extent:
        if isinstance(node, FieldNode):
            inner = self.selection(node.selection_set)
            return Extent(
                depth=inner.depth + 1,
                aliases=inner.aliases + (node.alias is not None),
                fields=inner.fields + 1,
                width=1,
                widest=max(inner.widest, inner.width),
                things=_page_size(node) * (1 + inner.things) if _is_list(node, inner) else inner.things,
                is_connection=node.name.value == "edges",
            )
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


def _is_list(node: FieldNode, inner: Extent) -> bool:
    """Tell whether a field asks for a page, or for many things by their ids."""
    return inner.is_connection or node.name.value == "nodes"


def _page_size(node: FieldNode) -> int:
    """Return how many things the page of a field may hold; a size that is a variable may be the largest."""
    for argument in node.arguments or ():
        if argument.name.value in {"first", "last"}:
            asked = argument.value
            # A size out of bounds is refused when the field is resolved.
            fits = isinstance(asked, IntValueNode) and asked.value.isdecimal() and len(asked.value) < 3
            return int(asked.value) if fits and isinstance(asked, IntValueNode) else LARGEST_SIZE
    return LARGEST_SIZE if node.name.value == "nodes" else DEFAULT_SIZE


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
            ("fields beside each other", max(extent.width, extent.widest), WIDEST),
            ("things on its pages", extent.things, MOST_THINGS),
        ):
            if found > most:
                self.report_error(GraphQLError(f"The operation has {found} {name}; at most {most} are allowed.", node))

    def enter_string_value(self, node: StringValueNode, *_: Any) -> None:
        """Look for a NUL, which Postgres cannot hold."""
        if "\x00" in node.value:
            self.report_error(GraphQLError("Text cannot hold the character U+0000.", node))
