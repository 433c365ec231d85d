"""One engine with a queue and the project, and what tests ask of them."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil

from integration.engines.clusters import GPUS, Cluster
from integration.engines.project import project
from integration.launcher.queue import Queue, launching
from vedette.hosts.answers import Answers
from vedette.hosts.locations import CodeLocations
from vedette.launcher.engines.choosing import chosen_engine
from vedette.launcher.engines.contract import Engine
from vedette.launcher.engines.remote.engine import Kind, RemoteEngine
from vedette.settings import Settings

# Clusters on a busy machine take their time, to begin a run too.
PATIENCE_SECONDS = 60.0


HERE = Kind("dask", "integration.engines.here_driver")


def _engine(name: str, settings: Settings, locations: CodeLocations) -> AbstractAsyncContextManager[Engine]:
    if name == "here":
        return RemoteEngine(HERE, locations, settings, Answers())
    return chosen_engine(settings, locations, Answers())


def settings_for(name: str, cluster: Cluster | None, home: Path) -> Settings:
    """Return the settings of a launcher on that engine."""
    return Settings(
        home=home,
        slots=8,
        poll_seconds=0.5,
        cancel_grace_seconds=2.0,
        shutdown_grace_seconds=2.0,
        host_memory_mb=1024,
        engine="dask" if name == "here" else name,
        engine_address=None if cluster is None else cluster.address,
        engine_wait_seconds=PATIENCE_SECONDS,
        gpus=GPUS,
    )


@dataclass
class Stage:
    """What a test works with."""

    name: str
    queue: Queue
    engine: Engine
    settings: Settings
    ledger: Path
    target: Path
    locations: CodeLocations
    cluster: Cluster | None

    def launching(self) -> AbstractAsyncContextManager[asyncio.Task[None]]:
        """Run a launcher."""
        return launching(self.queue, self.engine, self.settings)

    @contextmanager
    def launcher_process(self, database_url: str) -> Iterator["subprocess.Popen[bytes]"]:
        """Run `vedette launch` on this engine until the block ends."""
        assert self.cluster is not None
        words = ["launch", str(self.target), "--engine", self.name, "--engine-address", self.cluster.address]
        environ = {"VEDETTE_DATABASE_URL": database_url, "VEDETTE_HOME": str(self.settings.home)}
        with self.target.with_name("log.txt").open("wb") as log:
            running = subprocess.Popen(
                [sys.executable, "-m", "vedette.cli", *words], stdout=log, stderr=log, env={**os.environ, **environ}
            )
        try:
            yield running
        finally:
            running.kill()
            running.wait(10)

    def another_engine(self, **settings: Any) -> AbstractAsyncContextManager[Engine]:
        """Make the engine once more, with other settings."""
        return _engine(self.name, self.settings.model_copy(update=settings), self.locations)

    def deploy(self, version: str) -> None:
        """Write the project as of `version`, where launcher and workers have it from."""
        self.target.write_text(project(str(self.ledger), version))

    def lines(self, word: str = "") -> list[str]:
        """Return the lines with `word` that ops have written."""
        return [line for line in self.ledger.read_text().splitlines() if word in line] if self.ledger.exists() else []

    async def until_noted(self, word: str, count: int = 1) -> list[str]:
        """Wait until ops have written so many lines with `word`; return the words of the last one."""

        async def is_noted() -> bool:
            return len(self.lines(word)) >= count

        await self.queue.until(is_noted, f"{count} lines with {word!r}", PATIENCE_SECONDS)
        return self.lines(word)[-1].split()

    async def until_gone(self, *pids: int) -> None:
        """Wait until these processes have ended."""

        async def are_gone() -> bool:
            return not any(_is_there(pid) for pid in pids)

        await self.queue.until(are_gone, f"the end of {pids}", PATIENCE_SECONDS)

    async def finish(self, job_name: str, **how: Any) -> tuple[UUID, str, str]:
        """Launch a run and wait for its end; return its id, its status and its error."""
        [run_id] = await self.queue.add(job_name, **how)
        await self.queue.until_finished(PATIENCE_SECONDS)
        row = await self.queue.row(run_id)
        return run_id, row.status, row.error or ""

    async def messages(self, run_id: UUID, kind: str = "LOG") -> list[str]:
        """Return the messages of a run's events of a kind."""
        return [event.message or "" for event in await self.queue.events(run_id) if event.kind == kind]

    async def until_told(self, run_id: UUID, word: str, kind: str = "LOG") -> str:
        """Wait until an event says `word`; return its message."""

        async def is_told() -> bool:
            return any(word in message for message in await self.messages(run_id, kind))

        await self.queue.until(is_told, f"an event that says {word!r}", PATIENCE_SECONDS)
        return next(message for message in await self.messages(run_id, kind) if word in message)


def _is_there(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@asynccontextmanager
async def staged(name: str, cluster: Cluster | None, queue: Queue, folder: Path) -> AsyncIterator[Stage]:
    """Load the project and make the engine."""
    ledger, target = folder / "ledger.txt", folder / "project.py"
    target.write_text(project(str(ledger)))
    settings = settings_for(name, cluster, folder / "home")
    async with (
        CodeLocations({"project": str(target)}, settings, watch=False) as locations,
        _engine(name, settings, locations) as engine,
    ):
        assert locations["project"].error is None, locations["project"].error
        yield Stage(name, queue, engine, settings, ledger, target, locations, cluster)
