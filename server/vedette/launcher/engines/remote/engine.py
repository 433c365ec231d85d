"""An engine on other machines: a driver has agents placed, each of which dials in and is a run's process."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from vedette.domain.logs import ErrorInfo
from vedette.hosts.answers import Answers
from vedette.hosts.host_limits import HostLimits
from vedette.hosts.locations import CodeLocations, LoadListener
from vedette.hosts.run_process import RunProcess
from vedette.launcher.engines.contract import CannotPrepare, Changes, RunOrder, RunRefused
from vedette.launcher.engines.demands import Demands, demands_of
from vedette.launcher.engines.remote.addresses import listening_address
from vedette.launcher.engines.remote.agent_link import AgentLink
from vedette.launcher.engines.remote.driver import Driver
from vedette.launcher.engines.remote.frames import Place, Unplaced, Welcome
from vedette.launcher.engines.remote.wire import Wire
from vedette.settings import Settings

# Of a lease, the share that launcher and agent may be silent: a run whose launcher was lost has ended by itself before
# another launcher takes it over.
SILENCE_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Kind:
    """An engine that there is: its name in the settings, and the module that is its driver."""

    name: str
    driver: str


class RemoteEngine:
    """Executes runs of the code locations that are loaded here on the machines of an engine, which have them too.

    While the engine is not reached it has no code locations: runs stay in the queue.
    """

    def __init__(self, kind: Kind, locations: CodeLocations, settings: Settings, answers: Answers) -> None:
        """Enter it to listen for agents and to reach the engine; `answers` answers what runs ask the instance."""
        self._kind = kind
        self._locations = locations
        self._settings = settings
        self._answers = answers
        self._waiting: dict[str, AgentLink] = {}
        self._listeners: set[asyncio.Event] = set()
        host, port = listening_address(settings)
        self._wire = Wire(host, port, SILENCE_SHARE * settings.lease_seconds)
        address = settings.engine_address or ""
        self._driver = Driver(kind.name, kind.driver, address, self._changed, self._unplaced)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Listen, and begin to reach the engine. Raises OSError."""
        await self._stack.enter_async_context(self._wire)
        await self._stack.enter_async_context(self._driver)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    def code_locations(self) -> Collection[str]:
        """Return the names of the code locations that are loaded; none while the engine is not reached."""
        return self._locations.loaded if self._driver.is_connected else ()

    @contextlib.contextmanager
    def listen(self) -> Iterator[Changes]:
        """Listen for changes of what is loaded, and of whether the engine is reached."""
        with self._locations.listen() as loads:
            changed = asyncio.Event()
            self._listeners.add(changed)
            try:
                yield _Either(changed, loads)
            finally:
                self._listeners.discard(changed)

    @asynccontextmanager
    async def prepare(self, order: RunOrder) -> AsyncIterator[RunProcess]:
        """Have an agent placed, and make a process for the run there. Raises CannotPrepare, RunRefused."""
        welcome, demands = self._of(order)
        with self._wire.expecting(welcome) as (ticket, link):
            self._waiting[order.key] = link
            try:
                options = demands.options.get(self._kind.name, {})
                if not self._driver.place(Place(order.key, ticket, demands.compute, options)):
                    raise CannotPrepare(self._driver.trouble)
                await self._placed(link, demands)
                memory_mb = demands.compute.memory_mb
                async with RunProcess(link, order.instruction, self._answers, memory_mb=memory_mb) as process:
                    yield process
            finally:
                del self._waiting[order.key]
                self._driver.withdraw(order.key)

    def _of(self, order: RunOrder) -> tuple[Welcome, Demands]:
        location, settings = order.code_location, self._settings
        catalog = self._locations[location].catalog if location in self._locations.names else None
        if catalog is None:
            raise CannotPrepare(f"Code location {location} is not loaded at the launcher.")
        welcome = Welcome(
            run_id=str(order.instruction.run_id),
            code_location=location,
            target=placed_target(self._locations[location].target),
            code=catalog.code,
            memory_mb=HostLimits.of(settings).memory_mb,
            storage=str(settings.home.absolute() / "storage"),
            load_seconds=settings.load_timeout_seconds,
            silence_seconds=SILENCE_SHARE * settings.lease_seconds,
        )
        return welcome, demands_of(catalog, order.instruction)

    async def _placed(self, link: AgentLink, demands: Demands) -> None:
        """Wait for an agent, as long as the settings say, and then until it has made the run's process."""
        seconds = self._settings.engine_wait_seconds
        await asyncio.wait([link.admitted, link.placed], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if not link.admitted.done() and not link.placed.done():
            raise CannotPrepare(
                f"No worker of {self._kind.name.capitalize()} has taken the run for {seconds:g} s; it asks for"
                f" {demands.compute}. Does a worker offer that, and is one free?"
            )
        await link.placed

    def _changed(self) -> None:
        for listener in self._listeners:
            listener.set()

    def _unplaced(self, told: Unplaced) -> None:
        link = self._waiting.get(told.key)
        if link is None or link.admitted.done():
            return
        refused = RunRefused(ErrorInfo("EngineOptionsRefused", told.reason))
        link.refuse(refused if told.final else CannotPrepare(told.reason))


def placed_target(target: str) -> str:
    """Return the project as workers find it: a file by its whole path, a module by its name."""
    return str(Path(target).absolute()) if target.endswith(".py") else target


class _Either:
    """Changes of either of two sorts."""

    def __init__(self, changed: asyncio.Event, loads: LoadListener) -> None:
        self._changed = changed
        self._loads = loads

    async def wait(self) -> object:
        """Return at the first change since the last wait."""
        waits = [asyncio.create_task(self._changed.wait()), asyncio.create_task(self._loads.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        self._changed.clear()
        return None
