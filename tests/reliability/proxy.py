"""A TCP proxy before Postgres, to fail in the ways in which networks do."""

import asyncio
import threading
from typing import Self
from urllib.parse import parse_qsl, urlsplit


class Proxy:
    """Entered, it passes connections on to the database at `url`; `self.url` leads through it.

    `delay` is what each packet takes longer, in seconds; `is_silent` has new packets vanish while all stays open. With
    `holds_ends`, clients do not learn that the database ended their connection; `ended` tells that it did, and that its
    last words were passed on.
    """

    def __init__(self, url: str) -> None:
        self._target = urlsplit(url)
        self.delay = 0.0
        self.holds_ends = False
        self.ended = threading.Event()
        self._silent: set[asyncio.StreamWriter] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy")

    def __enter__(self) -> Self:
        self._thread.start()
        start = asyncio.start_server(self._pass_on, "127.0.0.1", 0)
        self._server = asyncio.run_coroutine_threadsafe(start, self._loop).result()
        port = self._server.sockets[0].getsockname()[1]
        user, at, _ = self._target.netloc.rpartition("@")
        self.url = self._target._replace(netloc=f"{user}{at}127.0.0.1:{port}", query="sslmode=disable").geturl()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def cut(self) -> None:
        """Cut every connection that is open."""
        self._loop.call_soon_threadsafe(self._cut)

    def silence(self) -> None:
        """Have every connection that is open stay so and carry nothing any more; new ones work."""
        self._loop.call_soon_threadsafe(lambda: self._silent.update(self._writers))

    def _cut(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    async def _close(self) -> None:
        self._server.close()
        self._cut()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        # Cut off, they end by themselves.
        await asyncio.gather(*others, return_exceptions=True)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        given = dict(parse_qsl(self._target.query))
        host = given.get("host", self._target.hostname or "")
        port = given.get("port", str(self._target.port or 5432))
        if host.startswith("/"):
            return await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        return await asyncio.open_connection(host, int(port))

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await self._connect()
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, back}
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._carry(reader, back))
                group.create_task(self._bring(there, writer))
        finally:
            for each in (writer, back):
                self._writers.discard(each)
                self._silent.discard(each)
                each.transport.abort()

    async def _bring(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry what the database says."""
        await self._pass(reader, writer)
        self.ended.set()
        if not self.holds_ends:
            writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._pass(reader, writer)
        writer.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                if self.delay:
                    await asyncio.sleep(self.delay)
                if writer not in self._silent:
                    writer.write(data)
                    await writer.drain()
        except OSError:
            pass
