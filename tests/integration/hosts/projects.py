"""Code locations on real processes, from projects that the tests write."""

import asyncio
import textwrap
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil

from vedette.domain.ticks import Evaluation, EvaluationInstruction
from vedette.hosts.locations import CodeLocation, CodeLocations
from vedette.settings import Settings

PREAMBLE = """
import asyncio, ctypes, os, re, signal, subprocess, sys, threading, time
from vedette import *

"""


class Project:
    """A project file that a test writes, and the location that serves it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "project.py"

    def write(self, body: str) -> None:
        self.path.write_text(PREAMBLE + textwrap.dedent(body))

    @asynccontextmanager
    async def served(self, watch: bool = False, imported: bool = True, **settings: Any) -> AsyncIterator[CodeLocation]:
        """Serve the project; with `imported` not before its import has come to something, however long that takes."""
        async with CodeLocations({"project": str(self.path)}, Settings(**settings), watch) as locations:
            location = locations["project"]
            yield await loaded(location) if imported else location


async def loaded(location: CodeLocation) -> CodeLocation:
    """Return the location once its import has come to something: on a busy machine the rest does not wait for it."""
    await until(lambda: location.catalog is not None or location.error is not None, "the import")
    return location


async def evaluate(location: CodeLocation, sensor: str, timeout: float = 20.0, cursor: str | None = None) -> Evaluation:
    return await location.evaluate(EvaluationInstruction(uuid4(), sensor, timeout, cursor))


async def until(condition: Callable[[], Any] | Callable[[], Awaitable[Any]], what: str, seconds: float = 60.0) -> Any:
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if isinstance(value, Awaitable):
            value = await value
        if value:
            return value
        assert time.monotonic() < deadline, f"{what} did not come within {seconds} s"
        await asyncio.sleep(0.02)


def zygotes() -> list[psutil.Process]:
    """Return the zygotes that this process has started and that still run."""
    children = [child for child in psutil.Process().children() if is_running(child.pid)]
    return [child for child in children if "vedette.hosts.child.zygote" in child.cmdline()]


def is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
