"""What every document passes: parsed and validated once for all times it is asked, and limited."""

import re
from collections.abc import Iterator
from typing import Any, cast

from graphql import (
    ASTValidationRule,
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    NoSchemaIntrospectionCustomRule,
    SelectionSetNode,
    get_operation_ast,
    parse,
    specified_rules,
)
from strawberry.extensions import SchemaExtension
from strawberry.schema.schema import validate_document

from vedette.graphql.context import Context
from vedette.graphql.documents import limits as document_limits
from vedette.graphql.documents.counts import CountedField, counted_fields
from vedette.graphql.documents.limits import Limits
from vedette.graphql.errors import limit_exceeded
from vedette.graphql.plans.executor import MOST_TEXT
from vedette.graphql.plans.latest import Latest
from vedette.telemetry import metrics

CACHED_DOCUMENTS = 256


class SelectionsAreNotEmpty(ASTValidationRule):
    """The grammar wants at least one field in each selection; graphql-core's parser lets `{ }` pass."""

    def enter_selection_set(self, node: SelectionSetNode, *_: Any) -> None:
        """Report one that is empty."""
        if not node.selections:
            self.report_error(GraphQLError("A selection has at least one field; { } has none.", node))


_RULES: tuple[type[ASTValidationRule], ...] = (*specified_rules, SelectionsAreNotEmpty)
_SUGGESTION = re.compile(r" Did you mean [^?]*\?")

_parsed: Latest[DocumentNode] = Latest(CACHED_DOCUMENTS, MOST_TEXT)
_counted: Latest[tuple[CountedField, ...]] = Latest(CACHED_DOCUMENTS, MOST_TEXT)
_flaws: Latest[tuple[GraphQLError, ...]] = Latest(CACHED_DOCUMENTS, MOST_TEXT)
_HITS, _MISSES = metrics.API_DOCUMENTS.labels("hit"), metrics.API_DOCUMENTS.labels("miss")


def parsed(text: str, max_tokens: int) -> DocumentNode:
    """Return the document of a text. Raises GraphQLSyntaxError, or RequestError for one that is too long."""
    key = (text, max_tokens)
    found = _parsed.get(key)
    if found is None:
        found = _document(text, max_tokens)
        _parsed.keep(key, found, len(text))
    return found


def counted(schema: GraphQLSchema, text: str, name: str | None, max_tokens: int) -> tuple[CountedField, ...]:
    """Return what is to be counted in answers to the operation of a name in a document, which is valid."""
    key = (schema, text, name)
    found = _counted.get(key)
    if found is None:
        document = parsed(text, max_tokens)
        operation = get_operation_ast(document, name)
        assert operation is not None
        found = counted_fields(schema, document, operation)
        _counted.keep(key, found, len(text))
    return found


def _document(text: str, max_tokens: int) -> DocumentNode:
    try:
        return parse(text, max_tokens=max_tokens)
    except GraphQLSyntaxError as error:
        if "tokens" in error.message and str(max_tokens) in error.message:
            raise limit_exceeded("max_tokens", max_tokens, "The document has more tokens than that") from None
        raise
    except RecursionError:
        raise limit_exceeded("max_tokens", max_tokens, "The document is nested too deeply") from None


def flaws(schema: GraphQLSchema, text: str, limits: Limits) -> tuple[GraphQLError, ...]:
    """Return what is wrong with a document that can be parsed: too large, or not of this schema."""
    key = (schema, text, limits)
    found = _flaws.get(key)
    (_MISSES if found is None else _HITS).inc()
    return _looked_into(schema, text, limits) if found is None else found


def _looked_into(schema: GraphQLSchema, text: str, limits: Limits) -> tuple[GraphQLError, ...]:
    key = (schema, text, limits)
    found = _flaws.get(key)
    if found is None:
        document = parsed(text, limits.max_tokens)
        # What is too large is not looked at any further: validating it would take long.
        found = tuple(document_limits.flaws(document, limits) or _invalid(schema, document, limits))
        _flaws.keep(key, found, len(text))
    return found


def _invalid(schema: GraphQLSchema, document: DocumentNode, limits: Limits) -> list[GraphQLError]:
    is_open = limits.introspection is not None
    return validate_document(schema, document, _RULES if is_open else (*_RULES, NoSchemaIntrospectionCustomRule))


def without_suggestion(error: GraphQLError) -> GraphQLError:
    """Return an error without what may have been meant: that tells what there is."""
    message = _SUGGESTION.sub("", error.message)
    if message == error.message:
        return error
    # The error itself is remembered with its document, for those too who may know.
    return GraphQLError(
        message,
        nodes=error.nodes,
        source=error.source,
        positions=error.positions,
        path=error.path,
        original_error=error.original_error,
        extensions=error.extensions,
    )


class Operations(SchemaExtension):
    """The caches and limits above, around each operation; and a context of its own."""

    def on_operation(self) -> Iterator[None]:
        """Give the operation its context."""
        context = cast("Context", self.execution_context.context)
        self.execution_context.context = context.for_operation()
        yield

    def on_parse(self) -> Iterator[None]:
        """Parse the document unless it was lately."""
        if self.execution_context.query:
            self.execution_context.graphql_document = parsed(self.execution_context.query, self._limits.max_tokens)
        yield

    def on_validate(self) -> Iterator[None]:
        """Validate the document unless it was lately."""
        context = self.execution_context
        context.pre_execution_errors = list(_looked_into(context.schema._schema, context.query or "", self._limits))
        yield

    @property
    def _limits(self) -> Limits:
        return cast("Context", self.execution_context.context).limits
