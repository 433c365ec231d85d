"""What is told of operations in metrics, worked out once for each that is remembered: its depth, what it uses."""

from typing import NamedTuple

from graphql import GraphQLSchema

from vedette.graphql.documents.deprecations import Deprecations, Uses
from vedette.graphql.documents.limits import Measure
from vedette.graphql.documents.operations import CACHED_DOCUMENTS, parsed
from vedette.graphql.documents.requests import Operation
from vedette.graphql.plans.executor import MOST_TEXT
from vedette.graphql.plans.latest import Latest


class Profile(NamedTuple):
    """How many levels of fields an operation has, and which deprecated members it uses."""

    depth: int
    uses: Uses


class Profiles:
    """The profiles of the operations that were asked for last."""

    def __init__(self, schema: GraphQLSchema, most_tokens: int) -> None:
        self.deprecations = Deprecations(schema)
        self._most_tokens = most_tokens
        self._known: Latest[Profile] = Latest(CACHED_DOCUMENTS, MOST_TEXT)

    def of(self, operation: Operation) -> Profile:
        """Return the profile of an operation that is valid."""
        key = operation.text, operation.name
        found = self._known.get(key)
        if found is None:
            document = parsed(operation.text, self._most_tokens)
            depth = Measure(document).selection(operation.node.selection_set).depth
            found = Profile(depth, self.deprecations.uses(document, operation.node))
            self._known.keep(key, found, len(operation.text))
        return found
