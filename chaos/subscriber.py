"""A dashboard: follows streams over all faults, goes on from where it was, and notes every position it sees."""

import json
import logging
import threading
import time
from collections.abc import Sequence
from typing import Any

from websockets.exceptions import WebSocketException
from websockets.sync.client import connect
from websockets.typing import Subprotocol

_DOCUMENT = "subscription($after: StreamPosition) {{ {0}(after: $after) {{ ... on {1} {{ position }} }} }}"
DOCUMENTS = {"ticks": _DOCUMENT.format("ticks", "TickChanged"), "runs": _DOCUMENT.format("runs", "RunChanged")}
PAUSE_SECONDS = 0.1
SILENT_SECONDS = 0.5
# A server that has not said a word for this long, not even a pong, is given up for another.
PING_SECONDS = 2.0
# That a connection was lost is no news here.
SILENT = logging.getLogger("chaos.subscriber")
SILENT.setLevel(logging.CRITICAL + 1)


class Subscriber:
    """Follows one stream on any of `addresses` (host:port) from `start` to `stop`, all that comes after `after`.

    `positions` are all that it saw, in order.
    """

    def __init__(self, stream: str, addresses: Sequence[str], after: int = 0) -> None:
        self.stream = stream
        self.positions: list[int] = []
        self.reconnects = 0
        self._addresses = addresses
        self._after = after
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._follow, name=f"subscriber of {stream}")

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def stop(self) -> None:
        """Follow no more."""
        self._stopped.set()
        self._thread.join()

    def reaches(self, position: int, seconds: float) -> bool:
        """Tell whether it sees `position` within `seconds`."""
        deadline = time.monotonic() + seconds
        while self.last < position and time.monotonic() < deadline:
            time.sleep(0.02)
        return self.last >= position

    def problems(self) -> list[str]:
        """Return how what was seen differs from one position after the other, if it does."""
        pairs = enumerate(self.positions, start=self._after + 1)
        wrong = [f"{self.stream}: saw {seen} in place of {expected}" for expected, seen in pairs if seen != expected]
        return wrong[:1]

    @property
    def last(self) -> int:
        """Return the last position that it saw."""
        return self.positions[-1] if self.positions else self._after

    @property
    def is_stopped(self) -> bool:
        """Tell whether it is to end."""
        return self._stopped.is_set()

    def take(self, payload: Any) -> None:
        """Take in an item of the stream. Raises OSError for one that ends it."""
        if "errors" in payload:
            raise OSError(str(payload))
        self.positions.append(int(payload["data"][self.stream]["position"]))

    def _follow(self) -> None:
        while not self._stopped.is_set():
            address = self._addresses[self.reconnects % len(self._addresses)]
            try:
                self._listen(address)
            except (OSError, WebSocketException, TimeoutError):
                self.reconnects += 1
                self._stopped.wait(PAUSE_SECONDS)

    def _listen(self, address: str) -> None:
        with connect(
            f"ws://{address}/graphql",
            subprotocols=[Subprotocol("graphql-transport-ws")],
            max_size=None,
            open_timeout=2 * PING_SECONDS,
            close_timeout=PING_SECONDS,
            ping_interval=PING_SECONDS,
            ping_timeout=2 * PING_SECONDS,
            logger=SILENT,
        ) as socket:
            socket.send(json.dumps({"type": "connection_init"}))
            variables = {"after": str(self.last)}
            payload = {"query": DOCUMENTS[self.stream], "variables": variables}
            socket.recv(10)
            socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
            while not self._stopped.is_set():
                try:
                    message = json.loads(socket.recv(SILENT_SECONDS))
                except TimeoutError:
                    continue
                if message["type"] != "next":
                    raise OSError(str(message))
                self.take(message["payload"])
