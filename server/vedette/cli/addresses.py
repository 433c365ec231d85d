"""Where the server is: from --url, else from the settings: VEDETTE_URL, or VEDETTE_HOST and VEDETTE_PORT."""

import ipaddress
import os
from urllib.parse import SplitResult, urlsplit

from vedette.cli.failures import WrongOptions
from vedette.client.addresses import completed
from vedette.settings import Settings, load


def api_url(given: str | None) -> str:
    """Return the address of the GraphQL API. Raises WrongOptions for what is no http address."""
    if given is not None:
        return _completed("--url", given)
    settings = load({}, os.environ)[0]
    return _from_settings(settings) if settings.url is None else _completed("VEDETTE_URL", settings.url)


def _completed(source: str, given: str) -> str:
    parts = _split(given)
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
        raise WrongOptions(f"{source} {given} is not an address; write it as http://127.0.0.1:4400.")
    return completed(given)


def _split(given: str) -> SplitResult | None:
    try:
        parts = urlsplit(given)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _from_settings(settings: Settings) -> str:
    if settings.port == 0:
        raise WrongOptions("VEDETTE_PORT is 0, so the port that the server took is not known here; name it with --url.")
    return f"http://{_reachable(settings.host)}:{settings.port}/graphql"


def _reachable(host: str) -> str:
    """Return where a server that listens on `host` can be reached from its own machine."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if address.is_unspecified:
        return "127.0.0.1" if address.version == 4 else "[::1]"
    return host if address.version == 4 else f"[{host}]"
