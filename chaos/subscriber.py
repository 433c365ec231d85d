"""A dashboard: follows streams over all faults, goes on from where it was, and notes every position it sees."""

import json
import threading
import time
from collections.abc import Sequence

from websockets.exceptions import WebSocketException
from websockets.sync.client import connect
from websockets.typing import Subprotocol

_DOCUMENT = "subscription($after: StreamPosition) {{ {0}(after: $after) {{ ... on {1} {{ position }} }} }}"
DOCUMENTS = {"ticks": _DOCUMENT.format("ticks", "TickChanged"), "runs": _DOCUMENT.format("runs", "RunChanged")}
PAUSE_SECONDS = 0.1
SILENT_SECONDS = 0.5


class Subscriber:
    """Follows one stream on any of `ports` from `start` to `stop`, all that comes after the position `after`.

    `positions` are all that it saw, in order.
    """

    def __init__(self, stream: str, ports: Sequence[int], after: int = 0) -> None:
        self.stream = stream
        self.positions: list[int] = []
        self.reconnects = 0
        self._ports = ports
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
        while self._last < position and time.monotonic() < deadline:
            time.sleep(0.02)
        return self._last >= position

    def problems(self) -> list[str]:
        """Return how what was seen differs from one position after the other, if it does."""
        pairs = enumerate(self.positions, start=self._after + 1)
        wrong = [f"{self.stream}: saw {seen} in place of {expected}" for expected, seen in pairs if seen != expected]
        return wrong[:1]

    @property
    def _last(self) -> int:
        return self.positions[-1] if self.positions else self._after

    def _follow(self) -> None:
        while not self._stopped.is_set():
            port = self._ports[self.reconnects % len(self._ports)]
            try:
                self._listen(port)
            except (OSError, WebSocketException, TimeoutError):
                self.reconnects += 1
                self._stopped.wait(PAUSE_SECONDS)

    def _listen(self, port: int) -> None:
        protocol = Subprotocol("graphql-transport-ws")
        with connect(f"ws://127.0.0.1:{port}/graphql", subprotocols=[protocol], max_size=None) as socket:
            socket.send(json.dumps({"type": "connection_init"}))
            variables = {"after": str(self._last)}
            payload = {"query": DOCUMENTS[self.stream], "variables": variables}
            socket.recv(10)
            socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
            while not self._stopped.is_set():
                try:
                    message = json.loads(socket.recv(SILENT_SECONDS))
                except TimeoutError:
                    continue
                if message["type"] != "next" or "errors" in message["payload"]:
                    raise OSError(str(message))
                self.positions.append(int(message["payload"]["data"][self.stream]["position"]))
