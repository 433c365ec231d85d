"""A trial: a fleet on a fresh database, events that happen, a dashboard that follows, and the verdict at the end."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self, TypeVar

import asyncpg

from chaos.attendance import AttendanceWatch
from chaos.events import Events
from chaos.health import HealthWatch
from chaos.invariants import Verdict, check, is_settled, progress
from chaos.processes import SETTINGS, Fleet, Place, Process
from chaos.subscriber import Subscriber
from chaos.template import Template

EVENTS_PER_SECOND = 16.0
SETTLE_SECONDS = 60.0
CATCH_UP_SECONDS = 15.0
# An evaluation of 0.3 s, the lease of 2 s, the look of a successor and its wait for locks, on a machine that is busy.
STARTED_SECONDS = 8.0
UNREACHABLE = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)

T = TypeVar("T")


class Trial:
    """Entered, it has a process that serves in each of `serves`, dashboards and a probe; start what else is to be.

    `started_seconds`: for how long a tick may have shown as STARTED at most, with an evaluator at work. `through`: the
    URL that the fleet uses, where it is not to reach the database by itself. `settings`: variables besides those of
    every trial.
    """

    def __init__(
        self,
        folder: Path,
        url: str,
        *,
        serves: int | Sequence[Place] = 1,
        per_second: float = EVENTS_PER_SECOND,
        started_seconds: float = STARTED_SECONDS,
        template: Template | None = None,
        through: str | None = None,
        settings: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        here = Place(template)
        self.fleet = Fleet(folder, through or url, here, SETTINGS | dict(settings))
        self._started_seconds = started_seconds
        self._watch = AttendanceWatch(self.fleet)
        self.events = Events(folder, per_second)
        self._folder = folder
        self._url = url
        self._serving = [here] * serves if isinstance(serves, int) else serves
        self._subscribers: list[Subscriber] = []

    def __enter__(self) -> Self:
        self.fleet.__enter__()
        serving = [self.fleet.start("serve", place=place) for place in self._serving]
        for process in serving:
            process.wait_ready()
        addresses = [process.address for process in serving]
        self._subscribers = [Subscriber(stream, addresses) for stream in ("ticks", "runs")]
        for subscriber in self._subscribers:
            subscriber.start()
        self.health = HealthWatch(serving[-1].address, self._folder / "pulse")
        self.health.start()
        self._watch.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.events.stop()
        for subscriber in self._subscribers:
            subscriber.stop()
        self.health.stop()
        self._watch.stop()
        self.fleet.__exit__(kind, error, trace)

    def start(self, *roles: str, faults: str = "", place: Place | None = None) -> list[Process]:
        """Start processes and return when they work."""
        started = [self.fleet.start(role, faults, place=place) for role in roles]
        for process in started:
            process.wait_ready()
        return started

    def settle(self, seconds: float = SETTLE_SECONDS) -> float:
        """Stop the events; return after how many seconds all was dealt with.

        It gives up when nothing has moved for `seconds`: what is open then shows in the verdict.
        """
        self.events.stop()
        began = moved = time.monotonic()
        events, state = self.events.names, (-1, -1)
        while time.monotonic() - moved < seconds:
            with suppress(*UNREACHABLE):
                if self.ask(lambda connection: is_settled(connection, events)):
                    break
                if (reached := self.ask(progress)) != state:
                    moved, state = time.monotonic(), reached
            time.sleep(0.1)
        return time.monotonic() - began

    def verdict(self) -> Verdict:
        """Hold the database, the ledger and the dashboards against what happened."""
        events = self.events.names
        last = self.ask(_last_positions)
        attended = self._watch.attendance.attended_seconds
        verdict = self.ask(lambda connection: check(connection, self._folder, events, self._started_seconds, attended))
        verdict.problems += self.health.problems()
        for subscriber in self._subscribers:
            verdict.problems += subscriber.problems()
            if not subscriber.reaches(last[subscriber.stream], CATCH_UP_SECONDS):
                verdict.problems.append(f"the dashboard of {subscriber.stream} does not come to the end")
        return verdict

    def ask(self, question: Callable[[asyncpg.Connection], Awaitable[T]]) -> T:
        """Return the answer of the database."""
        return asyncio.run(_ask(self._url, question))


async def _ask(url: str, question: Callable[[asyncpg.Connection], Awaitable[T]]) -> T:
    connection = await asyncpg.connect(url, timeout=10, command_timeout=30)
    try:
        return await question(connection)
    finally:
        await connection.close()


async def _last_positions(connection: asyncpg.Connection) -> dict[str, int]:
    return {row["name"]: row["position"] for row in await connection.fetch("SELECT name, position FROM streams")}
