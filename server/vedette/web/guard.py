"""What a request must be before anything looks into it: for this host, from this origin, of this type and size.

A page of another site can make a browser send requests here. It cannot name our host in `Host` (unless its name was
bent to our address, hence the check), cannot send JSON without being asked about first, and cannot hide its `Origin`.
"""

import ipaddress
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vedette.web.answers import refusal

LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
LARGEST_BODY_BYTES = 1024 * 1024


class Guard:
    """Refuses, with one clear sentence, what no honest client sends; the rest goes on to `app`."""

    def __init__(self, app: ASGIApp, host: str) -> None:
        self._app = app
        self._names = LOCAL_NAMES | {host.lower().strip("[]")}
        self._any_name = _is_everywhere(host)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Look at one request or websocket."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refused = self._refused(scope, headers)
        if refused is None and scope["type"] == "http" and scope["method"] == "POST":
            body = await _body(headers, receive)
            if body is not None:
                await self._app(scope, _replay(body, receive), send)
                return
            refused = refusal(413, "TOO_LARGE", f"A request has at most {LARGEST_BODY_BYTES} bytes.")
        if refused is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await _deny(refused, scope, receive, send)
        else:
            await refused(scope, receive, send)

    def _refused(self, scope: Scope, headers: Headers) -> Response | None:
        host = headers.get("host", "")
        if not self._is_ours(host):
            return refusal(
                421,
                "WRONG_HOST",
                f"This server does not answer for the host {host[:80]!r}; use its address, or start it with --host.",
            )
        if scope["type"] == "http" and scope["method"] != "POST":
            return None
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
            return refusal(403, "WRONG_ORIGIN", f"Pages of {origin[:80]!r} may not use this server.")
        if scope["type"] == "http" and not _is_json(headers.get("content-type", "")):
            return refusal(415, "WRONG_CONTENT_TYPE", "Send the operation as JSON, with content-type application/json.")
        return None

    def _is_ours(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        return bool(name) and (self._any_name or name in self._names)


def _is_everywhere(host: str) -> bool:
    """Tell whether a server that listens on `host` is open to the network under names that only its operator knows."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_unspecified
    except ValueError:
        return False


def _is_json(content_type: str) -> bool:
    return content_type.partition(";")[0].strip() == "application/json"


async def _body(headers: Headers, receive: Receive) -> bytes | None:
    """Return the whole body, or None as soon as it is known to be too large."""
    declared = headers.get("content-length", "0")
    if not declared.isdecimal() or int(declared) > LARGEST_BODY_BYTES:
        return None
    parts = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return bytes(parts)
        parts += message.get("body", b"")
        if len(parts) > LARGEST_BODY_BYTES:
            return None
        if not message.get("more_body", False):
            return bytes(parts)


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives the body that was read, then what comes after it."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return replay


async def _deny(refused: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a websocket's handshake with an HTTP refusal."""
    await receive()
    await refused(scope, receive, send)
