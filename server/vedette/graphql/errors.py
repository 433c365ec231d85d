"""Errors of requests: what is wrong in itself is said with a stable code; what nobody expected is masked and logged.

What a client of a mutation can branch on is data instead: see mutation_errors.
"""

import logging
import math
import secrets
from collections.abc import Iterable
from typing import Any

from graphql import GraphQLError, GraphQLSyntaxError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError

from vedette.access.rooms import TooMany
from vedette.errors import DatabaseError
from vedette.telemetry import metrics

logger = logging.getLogger(__name__)

BAD_ID = "BAD_ID"
BAD_CURSOR = "BAD_CURSOR"
BAD_PAGE_SIZE = "BAD_PAGE_SIZE"
BAD_POSITION = "BAD_POSITION"
BAD_INPUT = "BAD_INPUT"
NOT_FOUND = "NOT_FOUND"
AMBIGUOUS = "AMBIGUOUS"
SYNTAX = "SYNTAX"
INVALID_DOCUMENT = "INVALID_DOCUMENT"
UNAVAILABLE = "UNAVAILABLE"
INTERNAL = "INTERNAL"
LIMIT_EXCEEDED = "LIMIT_EXCEEDED"
TIMEOUT = "TIMEOUT"
TOO_MANY_REQUESTS = "TOO_MANY_REQUESTS"
FELL_BEHIND = "FELL_BEHIND"
MORE_ERRORS = "MORE_ERRORS"
UNAUTHENTICATED = "UNAUTHENTICATED"
FORBIDDEN = "FORBIDDEN"
DOCUMENT_NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"
DOCUMENT_NOT_TRUSTED = "DOCUMENT_NOT_TRUSTED"

_LONGEST_MESSAGE = 1000
# A document that has not the operation that is asked for, or one of a kind that is not allowed.
_OF_THE_DOCUMENT = (CannotGetOperationTypeError, InvalidOperationTypeError)


class RequestError(GraphQLError):
    """A request that is wrong in itself: one sentence that says what and the remedy, and a code."""

    def __init__(self, code: str, message: str, **more: Any) -> None:
        super().__init__(message, extensions={"code": code, **more})


# How to go on, by the limit that was met.
_REMEDIES = {
    **dict.fromkeys(
        ("max_tokens", "max_aliases", "max_directives", "max_root_fields", "max_fields", "max_width"),
        "ask in several operations",
    ),
    "max_depth": "ask for what lies deeper by its id, with `node`",
    "max_nodes": "fetch them in several operations",
    "max_cost": "ask for smaller pages, by `first`, and follow `pageInfo`",
    "max_page_size": "name fewer, in several operations",
    "max_variable_depth": "nest values less",
    "max_variable_values": "send them in several operations",
    "max_subscriptions_per_connection": "end one of them, or open another connection",
}


def limit_exceeded(limit: str, most: int, found: str) -> RequestError:
    """Return the error for a request that is over a limit, which is a setting: `found` is a sentence's beginning."""
    message = f"{found}; at most {most} are allowed ({limit}): {_REMEDIES[limit]}."
    return RequestError(LIMIT_EXCEEDED, message, limit=limit, most=most)


def too_many(found: TooMany) -> RequestError:
    """Return the error for an operation for which there is no room now, or no budget."""
    name, most, _ = found.limit
    seconds = math.ceil(found.seconds)
    return RequestError(TOO_MANY_REQUESTS, str(found), limit=name, most=most, retryAfterSeconds=seconds)


def count_errors(errors: Iterable[GraphQLError]) -> None:
    """Count errors that are told to a client, which have codes."""
    for error in errors:
        metrics.API_ERRORS.labels(str((error.extensions or {}).get("code"))).inc()


def presentable(error: GraphQLError) -> GraphQLError:
    """Return `error` as a client may see it: with a code, and without what is only of use to us."""
    if isinstance(error.original_error, RequestError) or (error.extensions and "code" in error.extensions):
        return error
    if isinstance(error, GraphQLSyntaxError):
        return _coded(error, SYNTAX)
    if error.path is None and _is_of_the_document(error):
        return _coded(error, INVALID_DOCUMENT)
    if isinstance(error.original_error, DatabaseError):
        logger.warning("%s", error.original_error)
        message = "The database does not answer at the moment; try again soon."
        return GraphQLError(message, nodes=error.nodes, path=error.path, extensions={"code": UNAVAILABLE})
    return _masked(error)


def unexpected(error: Exception) -> GraphQLError:
    """Return what a client is told of an error that nobody expected: masked, and in the log."""
    return presentable(GraphQLError("unexpected", original_error=error))


def _is_of_the_document(error: GraphQLError) -> bool:
    """Tell an error without a path that is the document's or its variables' from one that a stream raised."""
    original = error.original_error
    return bool(error.nodes) or original is None or isinstance(original, _OF_THE_DOCUMENT)


def _coded(error: GraphQLError, code: str) -> GraphQLError:
    if len(error.message) > _LONGEST_MESSAGE:
        # Each error may repeat a name of the document, which may be as long as the document.
        error.message = f"{error.message[:_LONGEST_MESSAGE]} …"
    error.extensions = {**(error.extensions or {}), "code": code}
    return error


def _masked(error: GraphQLError) -> GraphQLError:
    correlation = secrets.token_hex(8)
    path = ".".join(map(str, error.path or ()))
    logger.error("Unexpected error %s at %s", correlation, path, exc_info=error.original_error or error)
    extensions: dict[str, Any] = {"code": INTERNAL, "correlationId": correlation}
    message = f"Something went wrong in the server; its log tells more under {correlation}."
    return GraphQLError(message, nodes=error.nodes, path=error.path, extensions=extensions)
