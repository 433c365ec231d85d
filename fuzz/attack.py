"""Throws one thing after the other at a server, and says what was wrong with its answers."""

import asyncio
import contextlib
import random
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from fuzz import inputs

# Longer than any answer may take.
HANG_SECONDS = 15.0
# What is read of a stream before it is left.
STREAM_SECONDS = 0.05
SURPRISES = (b'"INTERNAL"', b"Traceback", b"Internal Server Error")


@dataclass
class Found:
    """What was thrown, by kind and outcome, and what was wrong."""

    outcomes: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    @property
    def thrown(self) -> int:
        """Return how many things were thrown."""
        return sum(self.outcomes.values())


class Attack:
    """An attack on the server at `address`, http://host:port; the same seed throws the same in the same order.

    An answer that holds any of the `secrets` is a fault.
    """

    def __init__(self, address: str, seed: int, secrets: tuple[bytes, ...] = ()) -> None:
        self._address = address
        self._surprises = (*SURPRISES, *secrets)
        self._where = urlsplit(address)
        self._dice = random.Random(seed)
        self._sent = b""
        self.found = Found()

    async def once(self) -> None:
        """Throw one thing."""
        kind = self._dice.choice((self._post, self._post, self._get, self._garbage, self._socket))
        name = kind.__name__.strip("_")
        try:
            async with asyncio.timeout(HANG_SECONDS):
                outcome = await kind()
        except TimeoutError:
            self.found.faults.append(f"{name}: no answer within {HANG_SECONDS:g} s to {self._sent[:2000]!r}")
            outcome = "hang"
        self.found.outcomes[f"{name} {outcome}"] += 1

    async def _post(self) -> str:
        dice = self._dice
        body = inputs.body(dice)
        headers = [("content-type", dice.choice(inputs.TYPES) if dice.random() < 0.2 else inputs.TYPES[0])]
        if dice.random() < 0.3:
            headers.append(("transfer-encoding", "chunked"))
            body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:7], body[7:]) if part) + b"0\r\n\r\n"
        else:
            headers.append(("content-length", str(len(body))))
        return await self._send("POST", dice.choice(("/graphql", "/graphql", "/graphql/stream")), headers, body)

    async def _get(self) -> str:
        dice = self._dice
        names = ("query", "query", "variables", "operationName", "documentId", "extensions", "x")
        pairs = [(dice.choice(names), inputs.document(dice)) for _ in range(dice.randrange(4))]
        query = "&".join(f"{name}={quote(value.encode(errors='replace'))}" for name, value in pairs)
        return await self._send("GET", f"{dice.choice(('/graphql', '/graphql/stream'))}?{query[:20_000]}", [], b"")

    async def _garbage(self) -> str:
        begin = self._dice.choice(inputs.BEGINNINGS)
        return await self._exchange(begin + self._dice.randbytes(self._dice.randrange(300)) + b"\r\n\r\n")

    async def _send(self, method: str, path: str, headers: list[tuple[str, str]], body: bytes) -> str:
        dice = self._dice
        given = [("host", self._where.netloc), ("accept", dice.choice(inputs.ACCEPTS)), *headers]
        given.append(("connection", "close"))
        if dice.random() < 0.2:
            given.append(dice.choice(inputs.OTHER_HEADERS))
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in given)]
        return await self._exchange("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)

    async def _exchange(self, sent: bytes) -> str:
        """Send bytes and return the status of the answer; streams are left when they have begun."""
        self._sent = sent
        reader, writer = await asyncio.open_connection(self._where.hostname, self._where.port)
        try:
            writer.write(sent)
            if self._dice.random() < 0.05:
                return "left"
            if self._dice.random() < 0.5:
                writer.write_eof()
            answer = b""
            with contextlib.suppress(ConnectionError):
                answer = await self._answer(reader)
        finally:
            writer.transport.abort()
        return self._judged(sent, answer)

    async def _answer(self, reader: asyncio.StreamReader) -> bytes:
        head = await reader.readline()
        if head.startswith(b"HTTP/1.1 100 "):
            # The answer itself follows.
            await reader.readline()
            head = await reader.readline()
        is_stream = False
        while (line := await reader.readline()).strip():
            is_stream = is_stream or line.lower().startswith(b"content-type: text/event-stream")
        if not is_stream:
            return head + await reader.read()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STREAM_SECONDS):
                head += await reader.read()
        return head

    def _judged(self, sent: bytes, answer: bytes) -> str:
        status = answer[9:12].decode("latin-1") or "closed"
        if status.startswith("5") or any(surprise in answer for surprise in self._surprises):
            self.found.faults.append(f"{answer[:400]!r} to {sent[:2000]!r}")
        return status

    async def _socket(self) -> str:
        url = self._address.replace("http", "ws", 1) + "/graphql"
        protocol = Subprotocol(self._dice.choice(("graphql-transport-ws",) * 9 + ("graphql-ws",)))
        thrown: list[str | bytes] = []
        try:
            async with connect(url, subprotocols=[protocol], max_size=None, close_timeout=1) as socket:
                if self._dice.random() < 0.9:
                    thrown.append('{"type":"connection_init"}')
                thrown += [inputs.message(self._dice) for _ in range(self._dice.randrange(12))]
                for message in thrown:
                    await socket.send(message)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(STREAM_SECONDS):
                        async for message in socket:
                            said = message if isinstance(message, bytes) else message.encode()
                            if any(surprise in said for surprise in self._surprises):
                                self.found.faults.append(f"{message!r} to {thrown!r}")
                if self._dice.random() < 0.5:
                    socket.transport.abort()
        except (WebSocketException, OSError) as error:
            code = getattr(getattr(error, "rcvd", None), "code", None)
            return self._closed(code, thrown)
        return self._closed(socket.close_code, thrown)

    def _closed(self, code: int | None, thrown: list[str | bytes]) -> str:
        if code in {1011, 4500}:
            self.found.faults.append(f"closed with {code} after {thrown!r}")
        return str(code)
