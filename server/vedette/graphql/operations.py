"""What every operation passes: parsed and validated once for all times it is asked, limited, and given its context."""

from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from typing import Any, cast

from graphql import DocumentNode, GraphQLError, parse
from strawberry.extensions import SchemaExtension
from strawberry.schema.schema import validate_document

from vedette.graphql.context import Context
from vedette.graphql.errors import BAD_INPUT, RequestError
from vedette.graphql.limits import MOST_TOKENS, LimitsRule

_CACHED_DOCUMENTS = 256


@lru_cache(_CACHED_DOCUMENTS)
def _parse(text: str) -> DocumentNode:
    return parse(text, max_tokens=MOST_TOKENS)


_validate = lru_cache(_CACHED_DOCUMENTS)(validate_document)


class Operations(SchemaExtension):
    """Limits and caches around each operation, and a context of its own: a websocket carries many."""

    def on_operation(self) -> Iterator[None]:
        """Give the operation its context."""
        self.execution_context.context = cast("Context", self.execution_context.context).for_operation()
        self.execution_context.parse_options["max_tokens"] = MOST_TOKENS
        yield

    def on_parse(self) -> Iterator[None]:
        """Parse the document unless it was lately."""
        if self.execution_context.query:
            # What cannot be parsed is parsed again by strawberry, which tells each client in its protocol's way.
            with suppress(GraphQLError):
                self.execution_context.graphql_document = _parse(self.execution_context.query)
        yield

    def on_validate(self) -> Iterator[None]:
        """Validate the document unless it was lately, and the variables always."""
        context = self.execution_context
        assert context.graphql_document is not None
        rules = (LimitsRule, *context.validation_rules)
        errors: list[GraphQLError] = list(_validate(context.schema._schema, context.graphql_document, rules))
        if not errors and not _storable(context.variables):
            errors = [RequestError(BAD_INPUT, "Text cannot hold the character U+0000, nor half of a surrogate pair.")]
        context.pre_execution_errors = errors
        yield


def _storable(value: Any) -> bool:
    """Tell whether Postgres can hold all text in `value`, which comes from JSON."""
    if isinstance(value, str):
        return "\x00" not in value and not any("\ud800" <= letter <= "\udfff" for letter in value)
    if isinstance(value, dict):
        return all(_storable(part) for pair in value.items() for part in pair)
    if isinstance(value, list):
        return all(_storable(part) for part in value)
    return True
