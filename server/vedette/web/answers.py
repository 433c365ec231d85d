"""Answers to requests that are not executed: the errors of GraphQL, with the status of HTTP."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from starlette.responses import Response

from vedette.access.authenticator import Unauthenticated
from vedette.access.rooms import TooMany
from vedette.graphql.errors import UNAUTHENTICATED, UNAVAILABLE, RequestError, too_many
from vedette.telemetry import metrics, tracing
from vedette.web.revalidation import is_known, tag_of

JSON = "application/json"


class _Executed(msgspec.Struct):
    data: msgspec.Raw


_DATA = msgspec.json.Decoder(_Executed)
RETRY_SECONDS = 1


def refusal(
    status: int,
    code: str,
    message: str,
    media_type: str = JSON,
    headers: Mapping[str, str] | None = None,
    limit: tuple[str, float] | None = None,
) -> Response:
    """Return an answer with one error; where the body may not have been read, the connection is closed."""
    about = {} if limit is None else {"limit": limit[0], "most": limit[1]}
    error = {"message": message, "extensions": {"code": code, **about}}
    closing = {"connection": "close"} if status in {408, 413, 431, 503} else {}
    return errors(status, [error], media_type, {**closing, **(headers or {})})


def errors(
    status: int, found: Sequence[Any], media_type: str = JSON, headers: Mapping[str, str] | None = None
) -> Response:
    """Return an answer with errors, formatted as GraphQL has them; it tells by which id it is found in the log."""
    for each in found:
        metrics.API_ERRORS.labels(str(each["extensions"]["code"])).inc()
    body: dict[str, Any] = {"errors": list(found)}
    trace = tracing.current.get()
    if trace is not None:
        body["extensions"] = {"traceId": trace.trace_id}
    return json(status, msgspec.json.encode(body), media_type, headers)


def json(status: int, body: bytes, media_type: str = JSON, headers: Mapping[str, str] | None = None) -> Response:
    """Return an answer that is told nobody else and, unless `headers` say otherwise, kept nowhere."""
    kept = {"cache-control": "no-store", "x-content-type-options": "nosniff", "vary": "accept"}
    return Response(body, status, {**kept, "content-type": f"{media_type}; charset=utf-8", **(headers or {})})


def revalidated(body: bytes, media_type: str, known: str | None) -> Response:
    """Return an answer that a client may keep and ask about: 304 where it is that of the tag `known`.

    The tag is that of the data; what stands beside it tells of the request.
    """
    tag = f"W/{tag_of(bytes(_DATA.decode(body).data))}"
    kept = {"cache-control": "private, no-cache", "etag": tag, "vary": "accept, authorization, cookie"}
    if is_known(tag, known):
        return Response(status_code=304, headers=kept)
    return json(200, body, media_type, kept)


def head_too_large(most: int) -> Response:
    """Return the answer to a request whose address and headers are too long."""
    said = f"A request's address and headers have at most {most} bytes (max_head_bytes): send documents by POST."
    return refusal(431, "TOO_LARGE", said, limit=("max_head_bytes", most))


def overloaded(found: TooMany, media_type: str = JSON) -> Response:
    """Return the answer to a request that is one too many."""
    error = too_many(found).formatted
    return errors(429, [error], media_type, {"retry-after": str(error["extensions"]["retryAfterSeconds"])})


def unauthenticated(why: Unauthenticated, media_type: str = JSON) -> Response:
    """Return the answer to a request of somebody who is not recognised."""
    error = RequestError(UNAUTHENTICATED, str(why), reason=why.lapse)
    return errors(401, [error.formatted], media_type, {"www-authenticate": "Bearer"})


def unavailable(media_type: str = JSON) -> Response:
    """Return the answer where the database does not tell who asks."""
    said = "The database does not answer at the moment; try again soon."
    return refusal(503, UNAVAILABLE, said, media_type, {"retry-after": str(RETRY_SECONDS)})


def without_database(body: bytes, media_type: str = JSON) -> Response:
    """Return the answer to an operation that the database kept from telling anything: another server may reach it."""
    return json(503, body, media_type, {"retry-after": str(RETRY_SECONDS)})


def draining(media_type: str = JSON) -> Response:
    """Return the answer of a server that is about to stop."""
    return refusal(
        503,
        "DRAINING",
        "This server is stopping; ask another, or again soon.",
        media_type=media_type,
        headers={"retry-after": str(RETRY_SECONDS)},
    )
