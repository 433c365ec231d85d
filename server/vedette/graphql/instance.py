"""The instance as a whole: its processes and how far behind it is."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
from functools import partial
from importlib.metadata import PackageNotFoundError, version

import strawberry

from vedette.graphql import ids
from vedette.graphql.catalog.code_locations import CodeLocation, read_code_locations
from vedette.graphql.context import Context, Info
from vedette.graphql.enums import WorkerRole
from vedette.graphql.fields import field, subscription
from vedette.graphql.nodes import Node
from vedette.graphql.scalars import StreamPosition
from vedette.graphql.streams.patience import patiently
from vedette.settings import Settings
from vedette.storage import changes, instance, retention


def _version() -> str:
    try:
        return version("vedette")
    except PackageNotFoundError:
        # Run from a source tree that was never installed.
        return "0"


VERSION = _version()

# The streams that can be followed; more may be kept.
FOLLOWED = ("ticks", "sensors", "runs", "assets", "audit")
# How often the instance is told.
TOLD_SECONDS = 2.0


@strawberry.type(description="A process of the instance.")
class Worker(Node):
    """A process of the instance."""

    role: WorkerRole = strawberry.field(description="What it does.")
    host: str = strawberry.field(description="The machine it runs on.")
    started_at: datetime = strawberry.field(description="When it started.")
    last_seen_at: datetime = strawberry.field(description="When it last showed a sign of life.")
    sensors_held: int | None = strawberry.field(
        description="How many sensors it looks after; null if that is not its role."
    )
    shards_held: int | None = strawberry.field(
        description="How many shards of the sensors it holds; null if that is not its role."
    )
    runs_held: int | None = strawberry.field(description="How many runs it executes; null if that is not its role.")
    slots: int | None = strawberry.field(
        description="How many runs it executes at once; 0 once it stops, null if that is not its role."
    )
    healthy: bool = strawberry.field(description="Whether it showed a sign of life lately.")
    tasks: int = strawberry.field(
        description="Tasks of its event loop when it was last seen; roles in one process share them. Growing: a leak."
    )


def worker(seen: instance.Worker) -> Worker:
    """Return a process as the schema has it."""
    role = WorkerRole(seen.role)
    return Worker(
        id=ids.encode("Worker", seen.id),
        role=role,
        host=seen.host,
        started_at=seen.started_at,
        last_seen_at=seen.last_seen_at,
        sensors_held=seen.sensors_held if role is WorkerRole.EVALUATE else None,
        shards_held=seen.shards_held if role is WorkerRole.EVALUATE else None,
        runs_held=seen.runs_held if role is WorkerRole.LAUNCH else None,
        slots=seen.slots,
        healthy=seen.healthy,
        tasks=seen.tasks,
    )


def patience(settings: Settings) -> timedelta:
    """Return for how long a process may be silent and still be called healthy."""
    return timedelta(seconds=settings.lease_seconds)


@strawberry.type(description="How history that has had its time is dropped.")
class Retention:
    """How retention fares."""

    succeeded_at: datetime = strawberry.field(description="When it last succeeded.")
    failures: int = strawberry.field(description="How often it has failed since then.")
    trouble: str | None = strawberry.field(description="What is wrong with it; null while all is well.")
    error: str | None = strawberry.field(description="Why it failed last; null if it did not fail since it succeeded.")
    partitions_made: int = strawberry.field(description="Partitions made in the life of the database.")
    partitions_dropped: int = strawberry.field(description="Partitions dropped in the life of the database.")
    rows_dropped: float = strawberry.field(description="About how many rows these had.")


@strawberry.type(description="How far the streams have come: follow each `after` its position, and nothing is missed.")
class StreamPositions:
    """How far the streams have come."""

    ticks: StreamPosition = strawberry.field(description="Of the subscription `ticks`.")
    sensors: StreamPosition = strawberry.field(description="Of the subscription `sensors`.")
    runs: StreamPosition = strawberry.field(description="Of the subscription `runs`.")
    assets: StreamPosition = strawberry.field(description="Of the subscription `assetEvents`.")
    audit: StreamPosition = strawberry.field(description="Of the subscription `auditLog`.")


@strawberry.type(description="The instance as a whole.")
class Instance:
    """The instance as a whole."""

    version: str = strawberry.field(description="Version of this server.")
    database: str = strawberry.field(description="Name and version of the database.")
    oldest_due_seconds: float = strawberry.field(description="How late the latest sensor is; 0 when all are on time.")
    queued_runs: int = strawberry.field(description="Runs that wait for a launcher.")
    running_runs: int = strawberry.field(description="Runs that launchers hold.")

    @field("How history that has had its time is dropped.")
    async def retention(self, info: Info) -> Retention:
        """Read it."""
        async with info.context.database.reading() as connection:
            state = await retention.state(connection)
        return Retention(
            succeeded_at=state.succeeded_at,
            failures=state.failures,
            trouble=retention.trouble(state, info.context.settings.retention_seconds),
            error=state.error,
            partitions_made=state.partitions_made,
            partitions_dropped=state.partitions_dropped,
            rows_dropped=state.rows_dropped,
        )

    @field("How far the streams have come. Read it before a list, to follow what changes from then on.")
    async def positions(self, info: Info) -> StreamPositions:
        """Read them."""
        async with info.context.database.reading() as connection:
            reached = await changes.reached(connection)
        return StreamPositions(**{name: StreamPosition(reached[name]) for name in FOLLOWED})

    @field("Every code location, by name.")
    async def code_locations(self, info: Info) -> list[CodeLocation]:
        """Read them all."""
        return await read_code_locations(info.context)

    @field("Its processes, the oldest first.")
    async def workers(self, info: Info) -> list[Worker]:
        """Read them."""
        async with info.context.database.reading() as connection:
            seen = await instance.workers(connection, patience(info.context.settings))
        return [worker(one) for one in seen]


@strawberry.type
class InstanceQueries:
    """Fields of Query."""

    @field("The instance as a whole.")
    async def instance(self, info: Info) -> Instance:
        """Read it."""
        return await _read(info.context)


@strawberry.type
class InstanceSubscriptions:
    """Fields of Subscription."""

    @subscription(
        "How the instance fares: at once, and then every two seconds. It has no positions; what is followed in detail "
        "has streams of its own."
    )
    async def instance(self, info: Info) -> AsyncGenerator[Instance, None]:
        """Read it again and again, once for all who follow it."""
        context, stretch = info.context, info.context.stretch
        stretch.standing = True
        while True:
            found = await patiently(partial(_read, context), context.settings.execution_seconds)
            if not stretch.begun.is_set():
                stretch.begin(0)
            context.renew()
            stretch.pass_by(None, is_open=False)
            yield found
            if stretch.once:
                return
            await asyncio.sleep(TOLD_SECONDS)


async def _read(context: Context) -> Instance:
    async with context.database.reading() as connection:
        load = await instance.load(connection)
    return Instance(
        version=VERSION,
        database=load.database,
        oldest_due_seconds=load.oldest_due_seconds,
        queued_runs=load.queued_runs,
        running_runs=load.running_runs,
    )
