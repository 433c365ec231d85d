"""The parameters of a GraphQL request, from the query string of a GET or the JSON body of a POST."""

import codecs
from typing import Any

import msgspec
from starlette.datastructures import QueryParams

from vedette.graphql.documents.requests import Request

__all__ = ["BadParameters", "Named", "Request", "of_body", "of_query_string", "several_of_body"]


class Named(Request, kw_only=True, frozen=True):
    """One of several operations, by the id that a client tells it by."""

    id: str


class Several(msgspec.Struct, frozen=True):
    """Several operations in one body."""

    operations: tuple[Named, ...]


class _Operations(msgspec.Struct, frozen=True):
    operations: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_BODY = msgspec.json.Decoder(Request)
_SEVERAL = msgspec.json.Decoder(Several)
_OPERATIONS = msgspec.json.Decoder(_Operations)
_MAP: msgspec.json.Decoder[dict[str, Any] | None] = msgspec.json.Decoder(dict[str, Any] | None)
_NAMES = {"query", "documentId", "operationName"}


class BadParameters(Exception):
    """What was sent is no GraphQL request; the text is one sentence."""


def of_body(body: bytes) -> Request:
    """Return the request that a body holds. Raises BadParameters."""
    try:
        return _BODY.decode(body.removeprefix(codecs.BOM_UTF8))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadParameters(f"The body is not a GraphQL request in JSON: {_reason(error)}.") from None


def several_of_body(body: bytes) -> tuple[Named, ...] | None:
    """Return the operations that a body holds; None: it holds one, without an id. Raises BadParameters."""
    try:
        if _OPERATIONS.decode(body.removeprefix(codecs.BOM_UTF8)).operations is msgspec.UNSET:
            return None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # What is wrong with it is told where it is read as one.
        return None
    try:
        found = _SEVERAL.decode(body.removeprefix(codecs.BOM_UTF8)).operations
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadParameters(f"The body does not hold operations in JSON: {_reason(error)}.") from None
    if len({one.id for one in found}) < len(found) or not found:
        raise BadParameters("Give `operations` with at least one, each with an `id` of its own.")
    return found


def of_query_string(parameters: QueryParams) -> Request:
    """Return the request that a query string holds. Raises BadParameters."""
    texts = {name: parameters[name] for name in _NAMES if parameters.get(name)}
    maps = {name: _map(name, parameters[name]) for name in ("variables", "extensions") if parameters.get(name)}
    return msgspec.convert({**texts, **maps}, Request)


def _map(name: str, text: str) -> dict[str, Any] | None:
    try:
        return _MAP.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise BadParameters(f"The parameter {name} is not a JSON object: {_reason(error)}.") from None


def _reason(error: Exception) -> str:
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error).rstrip(".")
