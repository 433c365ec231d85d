"""What a request shows to be recognised by, and from where it comes."""

from typing import Any

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.types import Scope

from vedette.access.authenticator import Authenticator
from vedette.access.authority import UNNAMED, Caller
from vedette.domain.access import Client
from vedette.web.cookies import SESSION_COOKIE, cookie_name

SCHEME = "bearer "
CLIENT_NAME, CLIENT_VERSION = b"graphql-client-name", b"graphql-client-version"


async def caller_of(access: Authenticator, scope: Scope) -> Caller:
    """Return who sends a request. Raises Unauthenticated, DatabaseUnreachable."""
    return await access.caller(shown(scope) if access.is_asking else None, address(scope), client_of(scope))


def shown(scope: Scope) -> str | None:
    """Return the token of a request's headers, else that of its session's cookie, if it has one."""
    headers = Headers(scope=scope)
    token = _of_header(headers.get("authorization"))
    if token is None and "cookie" in headers:
        cookies = cookie_parser(headers["cookie"])
        return cookies.get(cookie_name(SESSION_COOKIE, is_secure=True)) or cookies.get(SESSION_COOKIE)
    return token


def shown_in_payload(payload: dict[str, Any] | None) -> str | None:
    """Return the token of a connection_init: `{"authorization": "Bearer …"}`, in any case, or `{"token": "…"}`."""
    named = {name.lower(): value for name, value in (payload or {}).items()}
    given = named.get("authorization")
    if isinstance(given, str):
        return _of_header(given)
    token = named.get("token")
    return token if isinstance(token, str) else None


def client_of(scope: Scope) -> Client:
    """Return what the program that asks calls itself, by its headers."""
    name = version = ""
    for key, value in scope["headers"]:
        if key == CLIENT_NAME:
            name = value.decode("latin-1")
        elif key == CLIENT_VERSION:
            version = value.decode("latin-1")
    return Client(name, version) if name or version else UNNAMED


def client_in_payload(payload: dict[str, Any] | None, before: Client) -> Client:
    """Return what a connection_init says of the program, named as the headers are; else what was known `before`."""
    named = {name.lower(): value for name, value in (payload or {}).items() if isinstance(value, str)}
    name = named.get(CLIENT_NAME.decode(), before.name)
    return Client(name, named.get(CLIENT_VERSION.decode(), before.version))


def _of_header(given: str | None) -> str | None:
    if given is None or not given.lower().startswith(SCHEME):
        return None
    return given[len(SCHEME) :].strip()


def address(scope: Scope) -> str:
    """Return the address that a request comes from, as the server or the proxy before it tells."""
    client = scope.get("client")
    return str(client[0]) if client else ""
