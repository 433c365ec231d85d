"""Ticks: single evaluations of sensors and what each asked for."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, cast
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from vedette.domain import ticks as domain
from vedette.domain.logs import LogLevel
from vedette.domain.run_keys import Dedup
from vedette.domain.secrets import masked
from vedette.domain.ticks import RequestedRun, RunRequestOutcome, TickCause, TickStatus
from vedette.graphql import ids
from vedette.graphql.catalog.jobs import Job
from vedette.graphql.catalog.partitions import PartitionChange
from vedette.graphql.connections import (
    ASSET_EVENTS_TOLD,
    LARGEST_SIZE,
    REACTIONS,
    RUN_REQUESTS,
    RUNS,
    TICK_LOGS,
    TICKS,
    After,
    Before,
    Connection,
    First,
    Last,
)
from vedette.graphql.context import Info
from vedette.graphql.fields import field
from vedette.graphql.filters import TickFilterInput, tick_filter
from vedette.graphql.logs import ErrorInfo, LogRecord, error_info, levels_from
from vedette.graphql.lookahead import at_hand
from vedette.graphql.nodes import Node
from vedette.graphql.plans import Attribute
from vedette.graphql.sensors.sensors import Sensor, load_sensors_ahead
from vedette.graphql.tags import Tag, tag_list
from vedette.graphql.ticks.reactions import Reaction
from vedette.storage.ticks import ticks
from vedette.telemetry import tracing

if TYPE_CHECKING:
    from vedette.graphql.assets.asset_events import AssetEvent
    from vedette.graphql.runs.runs import Run

LazyAssetEvent = Annotated["AssetEvent", strawberry.lazy("vedette.graphql.assets.asset_events")]
LazyRun = Annotated["Run", strawberry.lazy("vedette.graphql.runs.runs")]
MinLevel = Annotated[LogLevel | None, strawberry.argument(description="Only lines of this level or above.")]


@strawberry.type(description="A run that an evaluation asked for.")
class RunRequest:
    """A run that an evaluation asked for."""

    sensor_key: strawberry.Private[UUID]
    request: strawberry.Private[RequestedRun]
    run_key_id: strawberry.Private[UUID | None]
    run_key: str | None = strawberry.field(
        description="What makes it unique: one run a key and sensor, for as long as `dedup` says."
    )
    dedup: Dedup | None = strawberry.field(description="For how long its run holds the key; null without a key.")
    ttl_seconds: float | None = strawberry.field(
        description="How long that is from the tick's end on; null unless `dedup` is TTL."
    )
    job_name: str | None = strawberry.field(description="Name of the job.")
    partition_key: str | None = strawberry.field(description="The partition to run for.")
    asset_selection: list[list[str]] | None = strawberry.field(description="Keys of the assets to run for.")
    run_config: JSON = strawberry.field(description="The run's config; what is secret in it is ********.")
    outcome: RunRequestOutcome = strawberry.field(description="What became of it.")

    @field("The job; null if it is not known any more.")
    async def job(self, info: Info) -> Job | None:
        """Load it by way of the sensor, whose code location the job belongs to."""
        sensor = await info.context.loaders.sensor.load(self.sensor_key)
        if sensor is None:
            return None
        return await info.context.loaders.job_named.load((sensor.facts.code_location, self.request.job_name))

    @field("What the run is marked with.")
    def tags(self) -> list[Tag]:
        """List them."""
        return tag_list(self.request.tags)

    @field("The run that it launched, or the one whose key it repeats.")
    async def run(self, info: Info) -> LazyRun | None:
        """Load it."""
        return None if self.run_key_id is None else await info.context.loaders.run.load(self.run_key_id)


def run_request(request: RequestedRun, sensor_id: UUID, outcome: RunRequestOutcome, run_id: UUID | None) -> RunRequest:
    """Return a run request as the schema has it."""
    selection = request.asset_selection
    return RunRequest(
        sensor_key=sensor_id,
        request=request,
        run_key_id=run_id,
        run_key=request.run_key,
        dedup=None if request.run_key is None else request.dedup,
        ttl_seconds=request.ttl_seconds,
        job_name=request.job_name,
        partition_key=request.partition_key,
        asset_selection=None if selection is None else [list(key) for key in selection],
        run_config=JSON(masked(request.run_config)),
        outcome=outcome,
    )


@strawberry.type(description="One evaluation of a sensor and what came of it.")
class Tick(Node):
    """One evaluation of a sensor and what came of it."""

    facts: strawberry.Private[domain.Tick]
    number: int = strawberry.field(resolver=Attribute("facts.number"), description="1, 2, 3 … for each sensor.")
    status: TickStatus = strawberry.field(resolver=Attribute("facts.status"), description="How it stands.")
    cause: TickCause = strawberry.field(resolver=Attribute("facts.cause"), description="What made the sensor due.")
    started_at: datetime = strawberry.field(
        resolver=Attribute("facts.started_at"), description="When the evaluation began."
    )
    finished_at: datetime | None = strawberry.field(
        resolver=Attribute("facts.finished_at"), description="When it ended; null while it goes on."
    )
    cursor_before: str | None = strawberry.field(
        resolver=Attribute("facts.cursor_before"), description="The sensor's cursor when it began."
    )
    cursor_after: str | None = strawberry.field(
        resolver=Attribute("facts.cursor_after"), description="The sensor's cursor when it had ended."
    )
    skip_reason: str | None = strawberry.field(
        resolver=Attribute("facts.skip_reason"), description="Why it asked for nothing, if it said so."
    )
    requested_count: int = strawberry.field(
        resolver=Attribute("facts.requested_count"), description="How many runs it asked for."
    )
    launched_count: int = strawberry.field(
        resolver=Attribute("facts.launched_count"), description="How many of these were launched."
    )
    reaction_count: int = strawberry.field(
        resolver=Attribute("facts.reaction_count"),
        description="To how many events it reacted without asking for runs, where the sensor watches runs or assets.",
    )
    repeats: int = strawberry.field(
        resolver=Attribute("facts.repeats"),
        description="How many ticks just like it, which asked for nothing either, followed and were folded into it.",
    )
    last_repeat_at: datetime | None = strawberry.field(
        resolver=Attribute("facts.last_repeat_at"), description="When the last of these repeats began."
    )

    @field("The sensor that was evaluated.")
    def sensor(self, info: Info) -> Sensor:
        """Load it; a tick does not outlive its sensor."""
        return cast("Sensor", at_hand(info.context.loaders.sensor.load(self.facts.sensor_id)))

    @field("How long it took; null while it goes on.")
    def duration_seconds(self) -> float | None:
        """Work it out."""
        if self.facts.finished_at is None:
            return None
        return (self.facts.finished_at - self.facts.started_at).total_seconds()

    @field(
        "By which id it is followed in logs and traces, from the request that asked for it on; its runs have it too."
    )
    def trace_id(self) -> str:
        """Work it out."""
        return tracing.of_tick(self.facts.id, self.facts.trace).trace_id

    @field("Why it failed.")
    def error(self) -> ErrorInfo | None:
        """Pass it on."""
        return error_info(self.facts.error)

    @field("The runs it asked for, in order, each with what became of it.")
    async def run_requests(self, info: Info, first: First = None, after: After = None) -> Connection[RunRequest]:
        """Load them."""
        key = ((self.facts.id, self.facts.sensor_id), RUN_REQUESTS.window(first, after))
        return await info.context.loaders.requests_of_tick.load(key)

    @field("The runs that it launched, the latest first.")
    async def runs(self, info: Info, first: First = None, after: After = None) -> Connection[LazyRun]:
        """Load them."""
        return await info.context.loaders.runs_of_tick.load((self.facts.id, RUNS.window(first, after)))

    @field("What it made of each event, in order, where the sensor watches runs or assets.")
    async def reactions(self, info: Info, first: First = None, after: After = None) -> Connection[Reaction]:
        """Load them."""
        key = (self.facts.id, REACTIONS.window(first, after))
        return await info.context.loaders.reactions_of_tick.load(key)

    @field("The runs that it reacted to, where the sensor watches runs: those of its first 100 events.")
    async def origin_runs(self, info: Info) -> list[LazyRun]:
        """Load them."""
        loaders = info.context.loaders
        reactions = await loaders.reactions_of_tick.load((self.facts.id, REACTIONS.window(LARGEST_SIZE)))
        ids = dict.fromkeys(edge.node.run_key_id for edge in reactions.edges if edge.node.run_key_id is not None)
        return [run for run in await loaders.run.load_many(list(ids)) if run is not None]

    @field("What it told of assets, in order.")
    async def asset_events(self, info: Info, first: First = None, after: After = None) -> Connection[LazyAssetEvent]:
        """Load them."""
        key = (self.facts.id, ASSET_EVENTS_TOLD.window(first, after))
        return await info.context.loaders.asset_events_told.load(key)

    @field("The partitions that it added or deleted.")
    async def partition_changes(self, info: Info) -> list[PartitionChange]:
        """Load them."""
        return await info.context.loaders.partition_changes_of_tick.load(self.facts.id)

    @field("What user code logged and printed meanwhile, in order.")
    async def logs(
        self, info: Info, first: First = None, after: After = None, min_level: MinLevel = None
    ) -> Connection[LogRecord]:
        """Load them."""
        key = (self.facts.id, levels_from(min_level), TICK_LOGS.window(first, after))
        return await info.context.loaders.logs_of_tick.load(key)


def tick(facts: domain.Tick) -> Tick:
    """Return a tick as the schema has it."""
    return Tick(id=ids.encode("Tick", facts.id), facts=facts)


@strawberry.type
class TickQueries:
    """Fields of Query."""

    @field("One tick; null if there is none.")
    async def tick(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")],  # noqa: A002
    ) -> Tick | None:
        """Load it."""
        return await info.context.loaders.tick.load(ids.decode_uuid("Tick", id))

    @field("Ticks of all sensors, the latest first.")
    async def ticks(
        self,
        info: Info,
        filter: Annotated[TickFilterInput | None, strawberry.argument(description="Which ticks.")] = None,  # noqa: A002
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Tick]:
        """Read a page of them."""
        window = TICKS.window(first, after, last, before)
        async with info.context.database.reading() as connection:
            page = await ticks.page(connection, tick_filter(filter), window)
        await load_sensors_ahead(info, (one.sensor_id for one in page.rows), "edges", "node", "sensor")
        return TICKS.connect(page, tick)
