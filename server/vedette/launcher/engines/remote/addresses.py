"""Where an engine is reached, and where its workers reach the launcher."""

import asyncio
import socket
from urllib.parse import urlsplit

from vedette.errors import InvalidSetting
from vedette.launcher.engines.remote.frames import CONNECT_SECONDS
from vedette.settings import Settings


def engine_endpoint(address: str) -> tuple[str, int]:
    """Return host and port of `[scheme://]host:port`. Raises InvalidSetting."""
    try:
        parts = urlsplit(address if "://" in address else f"//{address}")
        if parts.hostname and parts.port:
            return parts.hostname, parts.port
    except ValueError:
        pass
    raise InvalidSetting(
        f"engine_address={address!r} has no host and port; give it as tcp://host:8786 (Dask) or host:6379 (Ray)."
    )


async def can_connect(host: str, port: int) -> str | None:
    """Try to connect; return why that is not possible, or None where it is."""
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            _, writer = await asyncio.open_connection(host, port)
            writer.close()
    except (OSError, TimeoutError) as error:
        return str(error) or "it does not answer"
    return None


def listening_address(settings: Settings) -> tuple[str, int]:
    """Return host and port for a launcher to listen at; port 0 is any.

    Without a setting it is the address of this machine that leads to the engine. Raises InvalidSetting.
    """
    if settings.engine_listen is None:
        return _address_towards(*engine_endpoint(settings.engine_address or "")), 0
    host, colon, port = settings.engine_listen.rpartition(":")
    if not colon or settings.engine_listen.endswith("]"):
        return settings.engine_listen.strip("[]"), 0
    if not host or not port.isdecimal() or int(port) > 65535:
        raise InvalidSetting(f"engine_listen={settings.engine_listen!r} is no HOST or HOST:PORT of this machine.")
    return host.strip("[]"), int(port)


def _address_towards(host: str, port: int) -> str:
    """Return the address of this machine that packets to `host` come from; nothing is sent."""
    try:
        [(family, _, _, _, place), *_] = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect(place)
            return str(probe.getsockname()[0])
    except OSError as error:
        raise InvalidSetting(f"engine_address names {host}, which is not to be found from here ({error}).") from None
