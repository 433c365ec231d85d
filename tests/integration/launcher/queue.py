"""What the launcher's tests do to the queue, and what must hold in it whatever happened."""

import asyncio
import itertools
import json
import os
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import text

from vedette.bus import Bus
from vedette.bus.topics import CANCELS, QUEUE, RUNS
from vedette.domain.events import RunEvent
from vedette.domain.ids import new_id
from vedette.domain.run_limits import LimitKey
from vedette.domain.runs import FINISHED, RunStatus, can_become
from vedette.launcher.engines.contract import Engine
from vedette.launcher.launching import Launching
from vedette.settings import Settings
from vedette.storage import outbox, workers
from vedette.storage.database import Database
from vedette.storage.runs import run_events, run_limits

QUICK = Settings(
    slots=4,
    poll_seconds=0.2,
    lease_seconds=3.0,
    cancel_grace_seconds=0.3,
    shutdown_grace_seconds=1.0,
    load_timeout_seconds=2.0,
)

_INSERT = text(
    """
    INSERT INTO runs (id, code_location, job_name, status, run_config, tags, on_interrupted, event_count, priority,
        turn)
    SELECT id, :code_location, :job_name, 'QUEUED', '{"ops": {}}', CAST(:tags AS jsonb), :on_interrupted, 1, :priority,
        :turn
    FROM unnest(CAST(:ids AS uuid[])) AS given(id)
    """
)
_TELL = text(
    "INSERT INTO run_events (run_id, position, at, kind) "
    "SELECT id, 1, now(), 'RUN_QUEUED' FROM unnest(CAST(:ids AS uuid[])) AS given(id)"
)


class Queue:
    """The queue of one test's database."""

    def __init__(self, database: Database, bus: Bus) -> None:
        self.database = database
        self.bus = bus

    async def add(
        self,
        job_name: str,
        count: int = 1,
        *,
        code_location: str = "project",
        on_interrupted: str = "fail",
        tags: Mapping[str, str] | None = None,
        priority: int = 0,
        turn: int = 0,
    ) -> list[UUID]:
        """Queue runs; return their ids in the order of the queue."""
        ids = [new_id() for _ in range(count)]
        ids.sort()
        async with self.database.writing() as connection:
            values = {
                "code_location": code_location,
                "job_name": job_name,
                "on_interrupted": on_interrupted,
                "tags": json.dumps(tags or {"team": "north"}),
                "priority": priority,
                "turn": turn,
            }
            await connection.execute(_INSERT, {"ids": ids, **values})
            await connection.execute(_TELL, {"ids": ids})
            await outbox.add_runs(connection, [(run_id, "QUEUED") for run_id in ids])
            await outbox.forward(connection)
        self.bus.knock(QUEUE, RUNS)
        return ids

    async def limit(self, subject: LimitKey, max_runs: int) -> UUID:
        """Set a limit as the API does."""
        async with self.database.writing() as connection:
            limit = await run_limits.put(connection, subject, max_runs, "somebody")
        self.bus.knock(QUEUE)
        return limit

    async def execute(self, statement: str, **values: Any) -> list[Any]:
        """Execute SQL in a transaction of its own; return its rows, if it gives any."""
        async with self.database.writing() as connection:
            result = await connection.execute(text(statement), values)
            return list(result) if result.returns_rows else []

    async def cancel(self, run_id: UUID, *, forced: bool = False) -> None:
        """Ask for a cancel as the API does."""
        await self.execute(
            "UPDATE runs SET cancel_asked_at = now(), cancel_forced = :forced WHERE id = :id", id=run_id, forced=forced
        )
        self.bus.knock(CANCELS, RUNS)

    async def row(self, run_id: UUID) -> Any:
        """Return the run as it stands."""
        [row] = await self.execute("SELECT * FROM runs WHERE id = :id", id=run_id)
        return row

    async def counts(self) -> dict[str, int]:
        """Return how many runs are in which status."""
        return dict(Counter([row.status for row in await self.execute("SELECT status FROM runs")]))

    async def events(self, run_id: UUID) -> list[RunEvent]:
        """Return all events of a run."""
        async with self.database.reading() as connection:
            return [event for _, event in await run_events.after(connection, run_id, 0, 10_000)]

    async def kinds(self, run_id: UUID) -> list[str]:
        """Return the kinds of a run's events, in order."""
        return [event.kind.value for event in await self.events(run_id)]

    async def steps(self, run_id: UUID) -> dict[str, str]:
        """Return the run's steps: name -> status."""
        rows = await self.execute("SELECT name, status FROM run_steps WHERE run_id = :id ORDER BY index", id=run_id)
        return {row.name: row.status for row in rows}

    async def until(self, condition: Callable[[], Awaitable[object]], what: str, seconds: float = 20.0) -> None:
        """Wait until `condition` holds."""
        deadline = time.monotonic() + seconds
        while not await condition():
            assert time.monotonic() < deadline, f"waited in vain for {what}; runs: {await self.counts()}"
            await asyncio.sleep(0.01)

    async def until_status(self, run_id: UUID, status: str) -> Any:
        """Wait until the run is in `status`; return its row."""

        async def is_there() -> bool:
            return bool((await self.row(run_id)).status == status)

        await self.until(is_there, f"{run_id} to be {status}")
        return await self.row(run_id)

    async def until_finished(self, seconds: float = 20.0) -> None:
        """Wait until every run has finished."""

        async def is_finished() -> bool:
            return set(await self.counts()) <= FINISHED

        await self.until(is_finished, "every run to finish", seconds)

    async def claimed_by(
        self,
        launcher_id: UUID,
        job_name: str,
        status: str,
        *,
        claim_seconds: float = 60.0,
        on_interrupted: str = "fail",
    ) -> UUID:
        """Make a run that `launcher_id` brought to `status` and then left; return its id."""
        [run_id] = await self.add(job_name, code_location="elsewhere", on_interrupted=on_interrupted)
        passed = {"STARTING": ["STARTING"], "STARTED": ["STARTING", "STARTED"]}
        statuses = passed.get(status, ["STARTING", "STARTED", "CANCELING"])
        await self.execute(
            "UPDATE runs SET status = :status, launcher_id = :launcher, claim_epoch = 1, started_at = now(),"
            " claimed_until = now() + make_interval(secs => :seconds) WHERE id = :id",
            status=status, launcher=launcher_id, seconds=claim_seconds, id=run_id,
        )  # fmt: skip
        async with self.database.writing() as connection:
            await outbox.add_runs(connection, [(run_id, each) for each in statuses])
            await outbox.forward(connection)
        return run_id

    async def assert_sound(self) -> None:
        """Check what must hold always: contiguous events, gapless changes, legal steps from status to status."""
        events: dict[UUID, list[int]] = {}
        for row in await self.execute("SELECT run_id, position FROM run_events ORDER BY run_id, position"):
            events.setdefault(row.run_id, []).append(row.position)
        changes = await self.execute("SELECT position, run_id, status FROM run_changes ORDER BY position")
        assert [row.position for row in changes] == list(range(1, len(changes) + 1))
        for run in await self.execute("SELECT id, status, event_count, launcher_id FROM runs"):
            assert events.get(run.id, []) == list(range(1, run.event_count + 1))
            path = [RunStatus(row.status) for row in changes if row.run_id == run.id]
            assert path[0] is RunStatus.QUEUED
            assert path[-1] == run.status
            assert all(itertools.starmap(can_become, itertools.pairwise(path))), path
            assert (run.launcher_id is None) == (run.status in FINISHED or run.status == "QUEUED")


@asynccontextmanager
async def launching(
    queue: Queue, engine: Engine, settings: Settings = QUICK, host: str | None = None
) -> AsyncIterator[asyncio.Task[None]]:
    """Run a launcher; cancel it at the end, and fail if it failed."""
    database, bus = queue.database, queue.bus
    async with workers.registered(database, "LAUNCH", host or socket.gethostname(), os.getpid()) as worker_id:
        task = asyncio.create_task(Launching(database, bus, engine, settings, worker_id).run())
        try:
            yield task
        finally:
            task.cancel()
            [outcome] = await asyncio.gather(task, return_exceptions=True)
        assert isinstance(outcome, asyncio.CancelledError), outcome


def positions(ids: Sequence[UUID], of: Sequence[UUID]) -> list[int]:
    """Return where each of `ids` stands in `of`."""
    return [list(of).index(run_id) for run_id in ids]
