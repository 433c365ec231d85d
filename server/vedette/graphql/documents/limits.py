"""Limits of documents: how deep and wide they are, and how many aliases, directives and fields they have once their
fragments are spread out.

Each fragment is measured once, so that measuring a document stays linear however its fragments nest.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple, Self

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
    Visitor,
    visit,
)

from vedette.domain.access import Role
from vedette.graphql.errors import INVALID_DOCUMENT, RequestError, limit_exceeded
from vedette.settings import Settings


class Limits(NamedTuple):
    """The settings of these names; `introspection` is the role that it takes, None: nobody has it."""

    max_tokens: int
    max_depth: int
    max_aliases: int
    max_directives: int
    max_root_fields: int
    max_fields: int
    max_width: int
    max_page_size: int
    max_nodes: int
    max_cost: int
    max_variable_depth: int
    max_variable_values: int
    max_errors: int
    introspection: Role | None

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Take them from the settings."""
        given = {name: getattr(settings, name) for name in cls._fields}
        role = None if settings.introspection == "nobody" else Role(settings.introspection.upper())
        return cls(**{**given, "introspection": role})

    def tells_schema_to(self, role: Role) -> bool:
        """Tell whether somebody of a role may read what the schema is."""
        return self.introspection is not None and role.covers(self.introspection)


class Extent(NamedTuple):
    """How large a selection is. `width` is its own, `widest` that of the widest selection within it or itself."""

    depth: int = 0
    aliases: int = 0
    directives: int = 0
    fields: int = 0
    width: int = 0
    widest: int = 0


class Measure:
    """Measures selections of one document; `steps` counts the selections that were looked at."""

    def __init__(self, document: DocumentNode) -> None:
        self._fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._measured: dict[str, Extent] = {}
        self.steps = 0

    def selection(self, selected: SelectionSetNode | None) -> Extent:
        """Return the extent of what is selected, fragments spread out."""
        parts = [self._part(node) for node in selected.selections] if selected is not None else []
        width = sum(part.width for part in parts)
        return Extent(
            depth=max((part.depth for part in parts), default=0),
            aliases=sum(part.aliases for part in parts),
            directives=sum(part.directives for part in parts),
            fields=sum(part.fields for part in parts),
            width=width,
            widest=max([width, *(part.widest for part in parts)]),
        )

    def unused(self) -> list[Extent]:
        """Return the extents of the fragments that are in nothing that was measured."""
        return [self._fragment(name) for name in self._fragments if name not in self._measured]

    def _part(self, node: Any) -> Extent:
        self.steps += 1
        directives = _directives(node)
        if isinstance(node, FieldNode):
            inner = self.selection(node.selection_set)
            return Extent(
                depth=inner.depth + 1,
                aliases=inner.aliases + (node.alias is not None),
                directives=inner.directives + directives,
                fields=inner.fields + 1,
                width=1,
                widest=inner.widest,
            )
        if isinstance(node, InlineFragmentNode):
            inner = self.selection(node.selection_set)
        else:
            assert isinstance(node, FragmentSpreadNode)
            inner = self._fragment(node.name.value)
        return inner._replace(directives=inner.directives + directives)

    def _fragment(self, name: str) -> Extent:
        if name not in self._measured:
            # A fragment that spreads itself counts as nothing here; another rule refuses it.
            self._measured[name] = Extent()
            fragment = self._fragments.get(name)
            if fragment is not None:
                inner = self.selection(fragment.selection_set)
                self._measured[name] = inner._replace(directives=inner.directives + _directives(fragment))
        return self._measured[name]


def flaws(document: DocumentNode, limits: Limits) -> list[GraphQLError]:
    """Return what of a document is too large, or is text that the database cannot hold."""
    measure = Measure(document)
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    found = [flaw for node in operations for flaw in _too_large(_extent(node, measure), "operation", limits)]
    # Validating what nothing spreads takes as long.
    rest = [flaw for extent in measure.unused() for flaw in _too_large(extent, "fragment", limits)]
    return [*found, *rest, *_unstorable(document)]


def _extent(node: OperationDefinitionNode, measure: Measure) -> Extent:
    extent = measure.selection(node.selection_set)
    own = _directives(node) + sum(map(_directives, node.variable_definitions or ()))
    return extent._replace(directives=extent.directives + own)


def _directives(node: Any) -> int:
    return len(node.directives or ())


def _too_large(extent: Extent, what: str, limits: Limits) -> Iterator[GraphQLError]:
    for limit, kind, found in (
        ("max_depth", "levels of fields", extent.depth),
        ("max_aliases", "aliases", extent.aliases),
        ("max_directives", "directives", extent.directives),
        ("max_root_fields", "fields at its root", extent.width if what == "operation" else 0),
        ("max_fields", "fields", extent.fields),
        # Whether fields of one selection can be merged is looked at pair by pair.
        ("max_width", "fields beside each other", extent.widest),
    ):
        most = getattr(limits, limit)
        if found > most:
            yield limit_exceeded(limit, most, f"The {what} has {found} {kind}")


class _Text(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.is_storable = True

    def enter_string_value(self, node: StringValueNode, *_: Any) -> None:
        self.is_storable = self.is_storable and is_storable(node.value)


def _unstorable(document: DocumentNode) -> list[GraphQLError]:
    texts = _Text()
    visit(document, texts)
    return [] if texts.is_storable else [RequestError(INVALID_DOCUMENT, UNSTORABLE)]


UNSTORABLE = "Text cannot hold the character U+0000, nor half of a surrogate pair."


def is_storable(text: str) -> bool:
    """Tell whether Postgres can hold a text."""
    return "\x00" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)
