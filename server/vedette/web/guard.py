"""What a request must be before anything looks into it: for this host, from this origin, of this type and size.

A page of another site can make a browser send requests here. It cannot name our host in `Host` (unless its name was
bent to our address, hence the check), cannot send JSON without being asked about first, and cannot hide its `Origin`
or, where it has none, its `Sec-Fetch-Site`.
"""

import asyncio
import ipaddress
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vedette.settings import Settings
from vedette.web.answers import head_too_large, refusal
from vedette.web.negotiation import parsed_type

LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
# A browser says so of what other sites make it send.
ELSEWHERE = frozenset({"cross-site", "same-site"})


class Guard:
    """Refuses, with one clear sentence, what no honest client sends; the rest goes on to `app`."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        names = {settings.host.strip("[]"), *settings.allowed_hosts}
        self._names = LOCAL_NAMES | {name.lower() for name in names}
        self._any_name = _is_everywhere(settings.host) and not settings.allowed_hosts
        self._origins = frozenset(origin.lower().rstrip("/") for origin in settings.allowed_origins)
        self._most_head_bytes = settings.max_head_bytes
        self._most_bytes = settings.max_body_bytes
        self._seconds = settings.request_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Look at one request or websocket."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refused = self._refused(scope, headers)
        if refused is None and scope["type"] == "http" and scope["method"] == "POST":
            body = await self._body(headers, receive)
            if isinstance(body, bytes):
                receive = _replay(body, receive)
            else:
                refused = body
        if refused is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await _deny(refused, scope, receive, send)
        else:
            await refused(scope, receive, send)

    def _refused(self, scope: Scope, headers: Headers) -> Response | None:
        if _head_bytes(scope) > self._most_head_bytes:
            return head_too_large(self._most_head_bytes)
        host = headers.get("host", "")
        if not self._is_ours(host):
            return refusal(
                421,
                "WRONG_HOST",
                f"This server does not answer for the host {host[:80]!r}; use its address, or start it with --host, "
                "or name it in allowed_hosts.",
            )
        origin = headers.get("origin")
        if origin is not None and not self._is_allowed(origin, host):
            return refusal(
                403,
                "WRONG_ORIGIN",
                f"Pages of {origin[:80]!r} may not use this server, unless allowed_origins names them.",
            )
        if scope["type"] == "websocket":
            return None
        if origin is None and _is_hidden_query(scope, headers):
            return refusal(403, "WRONG_ORIGIN", "Pages of other sites may not use this server.")
        return _refused_content(headers) if scope["method"] == "POST" else None

    def _is_allowed(self, origin: str, host: str) -> bool:
        return _place(origin) == host.lower() or origin.lower() in self._origins

    def _is_ours(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        return bool(name) and (self._any_name or name in self._names)

    async def _body(self, headers: Headers, receive: Receive) -> bytes | Response:
        """Return the whole body, or a refusal as soon as it is known to be too large, or it does not come."""
        most = self._most_bytes
        said = f"A request's body has at most {most} bytes (max_body_bytes): send less at a time."
        too_large = refusal(413, "TOO_LARGE", said, limit=("max_body_bytes", most))
        declared = headers.get("content-length", "0")
        if not declared.isdecimal() or len(declared) > 18 or int(declared) > most:
            return too_large
        try:
            async with asyncio.timeout(self._seconds):
                body = await _read(receive, most)
        except TimeoutError:
            said = f"The body did not come within {self._seconds:g} s (request_seconds): send it again."
            return refusal(408, "TIMEOUT", said, limit=("request_seconds", self._seconds))
        return too_large if body is None else body


def _head_bytes(scope: Scope) -> int:
    """Return how long a request's address and headers are."""
    address = len(scope.get("raw_path") or b"") + len(scope["query_string"])
    return address + sum(len(name) + len(value) for name, value in scope["headers"])


def _place(origin: str) -> str | None:
    """Return the host and port of an origin; None where it is none."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return None


def _is_everywhere(host: str) -> bool:
    """Tell whether a server that listens on `host` is open to the network under names that only its operator knows."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_unspecified
    except ValueError:
        return False


def _is_hidden_query(scope: Scope, headers: Headers) -> bool:
    """Tell whether a page of another site made a browser ask, by an image, a script or a link, for an answer."""
    is_elsewhere = headers.get("sec-fetch-site", "") in ELSEWHERE
    is_visit = headers.get("sec-fetch-mode") == "navigate" and b"query" not in scope["query_string"].lower()
    return is_elsewhere and not is_visit


def _refused_content(headers: Headers) -> Response | None:
    """Return the refusal of a content that is not plain JSON in UTF-8."""
    kind, parameters = parsed_type(headers.get("content-type", ""))
    if kind != "application/json":
        return refusal(415, "WRONG_CONTENT_TYPE", "Send the operation as JSON, with content-type application/json.")
    if parameters.get("charset", "utf-8").lower() not in {"utf-8", "utf8"}:
        return refusal(415, "WRONG_CONTENT_TYPE", "Send the operation in UTF-8.")
    if headers.get("content-encoding", "identity").strip().lower() not in {"", "identity"}:
        return refusal(415, "WRONG_CONTENT_ENCODING", "Send the operation as it is, without content-encoding.")
    return None


async def _read(receive: Receive, most_bytes: int) -> bytes | None:
    parts = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return bytes(parts)
        parts += message.get("body", b"")
        if len(parts) > most_bytes:
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
