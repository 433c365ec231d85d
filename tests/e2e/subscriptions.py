"""A client of subscriptions over graphql-transport-ws, as a dashboard would be."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

PROTOCOL = Subprotocol("graphql-transport-ws")


class Subscription:
    """One operation on one socket; `next` returns the next item's data."""

    def __init__(self, socket: ClientConnection, document: str, variables: dict[str, Any]) -> None:
        self._socket = socket
        self._send({"type": "connection_init"})
        assert self._receive(10)["type"] == "connection_ack"
        self._send({"id": "1", "type": "subscribe", "payload": {"query": document, "variables": variables}})

    def next(self, timeout: float = 30.0) -> Any:
        """Return the data of the next item, or None when the stream is complete."""
        while True:
            message = self._receive(timeout)
            if message["type"] == "ping":
                self._send({"type": "pong"})
            elif message["type"] == "complete":
                return None
            else:
                assert message["type"] == "next", message
                assert "errors" not in message["payload"], message
                return message["payload"]["data"]

    def _send(self, message: dict[str, Any]) -> None:
        self._socket.send(json.dumps(message))

    def _receive(self, timeout: float) -> Any:
        return json.loads(self._socket.recv(timeout))


@contextmanager
def subscribe(url: str, document: str, **variables: Any) -> Iterator[Subscription]:
    """Yield the subscription `document` on the server at `url` (http://…/graphql); leaving cuts the socket off."""
    with connect(url.replace("http", "ws", 1), subprotocols=[PROTOCOL], max_size=None) as socket:
        yield Subscription(socket, document, variables)
