"""The parameters of a GraphQL request, from the query string of a GET or the JSON body of a POST."""

import codecs
from typing import Any

import msgspec
from starlette.datastructures import QueryParams

from vedette.graphql.requests import Request

__all__ = ["BadParameters", "Request", "of_body", "of_query_string"]

_BODY = msgspec.json.Decoder(Request)
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
