"""Answers to requests that are not executed: the errors of GraphQL, with the status of HTTP."""

import msgspec
from starlette.responses import Response


def refusal(status: int, code: str, message: str) -> Response:
    """Return an answer with one error; the connection is closed, as the body may not have been read."""
    body = msgspec.json.encode({"errors": [{"message": message, "extensions": {"code": code}}]})
    return Response(body, status, {"connection": "close"} if status == 413 else None, "application/json")
