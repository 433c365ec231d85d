"""Many websocket clients in one process, as light as they can be: they count messages, and note when each came.

    python -m benchmarks.subscribers PORT CLIENTS

Prints `subscribed` once all have subscribed. Commands come as lines: `warm` is answered when every client had a message
since the start; `expect N` when every client has had N more messages, with the times at which they came, as JSON.
"""

import asyncio
import json
import sys
import time
from typing import cast

import uvloop

SUBSCRIPTION = """
subscription { ticks { ... on TickChanged { position tick {
  id number status startedAt finishedAt skipReason requestedCount launchedCount sensor { id name } } } } }
"""
UPGRADE = (
    "GET /graphql HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
)
AT_A_TIME = 50


def frame(message: object) -> bytes:
    """Return a masked text frame of less than 64 KiB; the mask is zero, which leaves the text as it is."""
    payload = json.dumps(message).encode()
    size = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + len(payload).to_bytes(2, "big")
    return b"\x81" + size + bytes(4) + payload


class Client(asyncio.Protocol):
    """One subscriber. `arrivals` are the times at which its messages came, in seconds of the epoch."""

    def __init__(self, port: int, on_arrival: asyncio.Event) -> None:
        self.arrivals: list[float] = []
        self.subscribed = asyncio.get_running_loop().create_future()
        self._port = port
        self._on_arrival = on_arrival
        self._buffer = b""
        self._is_open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # That of uvloop is one by its methods only.
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(UPGRADE.format(port=self._port).encode())

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._is_open:
            _, end, rest = self._buffer.partition(b"\r\n\r\n")
            if not end:
                return
            self._is_open, self._buffer = True, rest
            subscribe = {"id": "1", "type": "subscribe", "payload": {"query": SUBSCRIPTION}}
            for message in ({"type": "connection_init"}, subscribe, {"type": "ping"}):
                self._transport.write(frame(message))
        self._read_frames()

    def _read_frames(self) -> None:
        at, buffer = 0, self._buffer
        while len(buffer) - at >= 4:
            size, begin = buffer[at + 1], at + 2
            if size == 126:
                size, begin = int.from_bytes(buffer[at + 2 : at + 4], "big"), at + 4
            if len(buffer) < begin + size:
                break
            self._take(buffer[at], buffer[begin : begin + size])
            at = begin + size
        self._buffer = buffer[at:]

    def _take(self, kind: int, payload: bytes) -> None:
        if kind == 0x89:
            self._transport.write(bytes([0x8A, 0x80 | len(payload)]) + bytes(4) + payload)
        elif payload.startswith(b'{"id":"1","type":"next"'):
            self.arrivals.append(time.time())
            self._on_arrival.set()
        elif payload == b'{"type":"pong"}':
            self.subscribed.set_result(None)

    def connection_lost(self, error: Exception | None) -> None:
        raise SystemExit(f"Error: the server closed a subscription ({error}).")


async def _all_have(clients: list[Client], count: int, on_arrival: asyncio.Event) -> None:
    while any(len(client.arrivals) < count for client in clients):
        on_arrival.clear()
        await on_arrival.wait()
        # To look at all of them at each message would be the most of the work.
        await asyncio.sleep(0.02)


async def main(port: int, count: int) -> None:
    """Subscribe `count` clients, and do what the lines say."""
    loop, on_arrival = asyncio.get_running_loop(), asyncio.Event()
    clients: list[Client] = []
    while len(clients) < count:
        some = [
            (await loop.create_connection(lambda: Client(port, on_arrival), "127.0.0.1", port))[1]
            for _ in range(min(AT_A_TIME, count - len(clients)))
        ]
        await asyncio.gather(*(client.subscribed for client in some))
        clients += some
    print("subscribed", flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        word, _, number = line.strip().partition(" ")
        if word == "warm":
            await _all_have(clients, 1, on_arrival)
            print("warm", flush=True)
            continue
        for client in clients:
            client.arrivals.clear()
        print("expecting", flush=True)
        await _all_have(clients, int(number), on_arrival)
        print(json.dumps([client.arrivals[: int(number)] for client in clients]), flush=True)


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), int(sys.argv[2])))
