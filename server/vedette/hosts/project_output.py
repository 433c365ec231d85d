"""What a project's processes write to their standard streams outside of evaluations and runs: lines of our log."""

import asyncio
import logging
import os
from typing import Self

LONGEST_LINE_BYTES = 65536


class ProjectOutput(asyncio.Protocol):
    """A pipe whose lines go to the logger `vedette.project.<name>`; the writing end is `sink`, a file descriptor."""

    def __init__(self, name: str) -> None:
        """Use `open`."""
        self._logger = logging.getLogger(f"vedette.project.{name}")
        self._rest = b""
        self._transport: asyncio.BaseTransport | None = None
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.sink = -1

    @classmethod
    async def open(cls, name: str) -> Self:
        """Make the pipe; `close_sink` once the child has its end."""
        output = cls(name)
        source, output.sink = os.pipe()
        pipe = os.fdopen(source, "rb", buffering=0)
        try:
            await asyncio.get_running_loop().connect_read_pipe(lambda: output, pipe)
        except BaseException:
            output.close_sink()
            pipe.close()
            raise
        return output

    def close_sink(self) -> None:
        """Close our copy of the writing end, so that the pipe ends with the processes that write to it."""
        os.close(self.sink)

    async def close(self) -> None:
        """Wait a moment for the last lines, and stop reading: a daemon that user code started may write for ever."""
        await asyncio.wait([self._ended], timeout=0.5)
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the transport."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Log the lines that are whole."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > LONGEST_LINE_BYTES:
            lines.append(self._rest)
            self._rest = b""
        for line in lines:
            self._log(line)

    def connection_lost(self, error: Exception | None) -> None:
        """Log what is left."""
        if self._rest:
            self._log(self._rest)
        if not self._ended.done():
            self._ended.set_result(None)

    def _log(self, line: bytes) -> None:
        self._logger.info("%s", line.decode(errors="replace").rstrip())
