"""A client of one server that costs little itself: requests made up before, answers read and not parsed."""

import asyncio
import json
import time
from typing import Any


class Connection:
    """One connection, kept open."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, port: int) -> "Connection":
        """Connect."""
        return cls(*await asyncio.open_connection("127.0.0.1", port, limit=2**22))

    def close(self) -> None:
        """Hang up."""
        self._writer.close()

    async def ask(self, request: bytes) -> bytes:
        """Send a request; return the body of the answer."""
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        lines = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:-2])
        body = await self._reader.readexactly(int(lines[b"content-length"]))
        if not head.startswith(b"HTTP/1.1 200") or b'"errors":' in body:
            raise SystemExit(f"Error: the server answered {body[:500].decode()}")
        return body


def request(document: str, **variables: Any) -> bytes:
    """Return the bytes of a POST of an operation."""
    body = json.dumps({"query": document, "variables": variables}).encode()
    head = f"POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
    return f"{head}\r\n\r\n".encode() + body


async def alone(port: int, asked: bytes, count: int) -> list[float]:
    """Return the seconds of each of `count` requests, one after the other."""
    connection = await Connection.open(port)
    seconds = []
    for _ in range(count):
        began = time.perf_counter()
        await connection.ask(asked)
        seconds.append(time.perf_counter() - began)
    connection.close()
    return seconds


async def together(port: int, asked: bytes, clients: int, count: int) -> float:
    """Return the seconds that `clients` take for `count` requests in all."""
    connections = [await Connection.open(port) for _ in range(clients)]
    left = iter(range(count))

    async def ask(connection: Connection) -> None:
        for _ in left:
            await connection.ask(asked)

    began = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for connection in connections:
            tasks.create_task(ask(connection))
    seconds = time.perf_counter() - began
    for connection in connections:
        connection.close()
    return seconds
