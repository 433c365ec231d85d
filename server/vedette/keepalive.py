"""Connections to Postgres whose silence shows at either end, as when a cable is cut or the other machine is gone.

Without this a server keeps the session of a machine that is gone, and its locks, for two hours, and a client waits for
an answer as long as its statement may take: silence looks like work. A machine that works acknowledges what it gets.
"""

import asyncio
import socket
from typing import Any

import asyncpg

# The longest silence that is put up with.
SILENT_SECONDS = 10.0
# How long a connection on which nothing happens is not asked about, how often it is then, and how often in vain.
IDLE_SECONDS, ASK_SECONDS, ASKS = 5, 2, 3


def server_settings(silent_seconds: float = SILENT_SECONDS) -> dict[str, str]:
    """Return the settings of a session that the server ends once its client is silent for so long."""
    return {
        "tcp_user_timeout": f"{1000 * silent_seconds:.0f}",
        "tcp_keepalives_idle": str(IDLE_SECONDS),
        "tcp_keepalives_interval": str(ASK_SECONDS),
        "tcp_keepalives_count": str(ASKS),
    }


class Connection(asyncpg.Connection):
    """A connection that is lost once its server is silent for `silent_seconds`: see `watch`."""

    def __init__(self, protocol: Any, transport: asyncio.Transport, *rest: Any) -> None:
        super().__init__(protocol, transport, *rest)
        self._socket: socket.socket | None = transport.get_extra_info("socket")
        self.watch(SILENT_SECONDS)

    def watch(self, silent_seconds: float) -> None:
        """Have the connection be lost once what was sent is not acknowledged for so long."""
        if self._socket is None or self._socket.family not in (socket.AF_INET, socket.AF_INET6):
            return
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in (
            ("TCP_KEEPIDLE", IDLE_SECONDS),
            ("TCP_KEEPINTVL", ASK_SECONDS),
            ("TCP_KEEPCNT", ASKS),
            # Of Linux: elsewhere the keep-alives alone tell, of what is idle.
            ("TCP_USER_TIMEOUT", int(1000 * silent_seconds)),
        ):
            if hasattr(socket, name):
                self._socket.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
