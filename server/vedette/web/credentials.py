"""What a request shows to be recognised by, and from where it comes."""

from typing import Any

from starlette.datastructures import Headers
from starlette.types import Scope

SCHEME = "bearer "


def shown(scope: Scope) -> str | None:
    """Return the token of a request's headers, if it has one."""
    return _of_header(Headers(scope=scope).get("authorization"))


def shown_in_payload(payload: dict[str, Any] | None) -> str | None:
    """Return the token of a connection_init: `{"authorization": "Bearer …"}`, in any case, or `{"token": "…"}`."""
    named = {name.lower(): value for name, value in (payload or {}).items()}
    given = named.get("authorization")
    if isinstance(given, str):
        return _of_header(given)
    token = named.get("token")
    return token if isinstance(token, str) else None


def _of_header(given: str | None) -> str | None:
    if given is None or not given.lower().startswith(SCHEME):
        return None
    return given[len(SCHEME) :].strip()


def address(scope: Scope) -> str:
    """Return the address that a request comes from, as the server or the proxy before it tells."""
    client = scope.get("client")
    return str(client[0]) if client else ""
