"""Addresses of the API."""

from urllib.parse import urlsplit


def completed(url: str) -> str:
    """Return the address of the API on a server: `/graphql` is added where it is missing."""
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    return parts._replace(path=path if path.endswith("/graphql") else f"{path}/graphql", query="", fragment="").geturl()


def socket_url(url: str) -> str:
    """Return the address of the API's websocket."""
    return "ws" + url.removeprefix("http")


def is_local(url: str) -> bool:
    """Tell whether the address is this machine's own, which no proxy leads to."""
    host = urlsplit(url).hostname or ""
    return host == "localhost" or host == "::1" or host.startswith("127.")
