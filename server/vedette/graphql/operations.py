"""What every operation passes: parsed and validated once for all times it is asked, limited, and given its context."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from itertools import chain
from typing import Any, cast

from graphql import DocumentNode, GraphQLError, parse
from strawberry.extensions import SchemaExtension
from strawberry.schema.schema import validate_document

from vedette.graphql.context import Context
from vedette.graphql.errors import BAD_INPUT, RequestError
from vedette.graphql.limits import MOST_TOKENS, LimitsRule

_CACHED_DOCUMENTS = 256
# A run config may be 100 levels deep, and lies some levels deep in the input.
DEEPEST_VALUE = 110


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
        schema, document = context.schema._schema, context.graphql_document
        # What is too large is not looked at any further: validating it would take long.
        errors: list[GraphQLError] = list(
            _validate(schema, document, (LimitsRule,)) or _validate(schema, document, context.validation_rules)
        )
        if not errors and (flaw := _flaw_of(context.variables)) is not None:
            errors = [RequestError(BAD_INPUT, flaw)]
        context.pre_execution_errors = errors
        yield


def _flaw_of(variables: Any) -> str | None:
    """Tell what of variables, which come from JSON, could not be gone through or be stored by Postgres."""
    level = [variables]
    for _ in range(DEEPEST_VALUE):
        if not all(_storable(value) for value in level if isinstance(value, str)):
            return "Text cannot hold the character U+0000, nor half of a surrogate pair."
        level = [part for value in level for part in _parts(value)]
        if not level:
            return None
    return f"The variables are nested more than {DEEPEST_VALUE} levels deep."


def _parts(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return chain(value, value.values())
    return value if isinstance(value, list) else ()


def _storable(text: str) -> bool:
    return "\x00" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)
