"""Runs: executions of jobs, their steps, events and logs."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry.scalars import JSON

from vedette.domain import runs as domain
from vedette.domain.events import RunEventKind
from vedette.domain.runs import FINISHED, RunStatus, StepStatus
from vedette.domain.secrets import masked
from vedette.graphql import ids
from vedette.graphql.catalog.jobs import Job, load_jobs_ahead
from vedette.graphql.connections import (
    ASSET_EVENTS_TOLD,
    RUN_EVENTS,
    RUN_LOGS,
    RUN_REACTIONS,
    RUNS,
    After,
    Before,
    Connection,
    First,
    Last,
)
from vedette.graphql.context import Info
from vedette.graphql.fields import field
from vedette.graphql.filters import RunFilterInput, run_filter
from vedette.graphql.logs import ErrorInfo, LogRecord, error_info, levels_from
from vedette.graphql.lookahead import at_hand
from vedette.graphql.nodes import Node
from vedette.graphql.plans import Attribute
from vedette.graphql.scalars import StreamPosition
from vedette.graphql.sensors.sensors import Sensor, load_sensors_ahead
from vedette.graphql.tags import Tag, tag_list
from vedette.graphql.ticks.reactions import Reaction
from vedette.graphql.ticks.ticks import MinLevel, Tick
from vedette.storage.runs import runs
from vedette.storage.runs.runs import PlacedEvent
from vedette.telemetry import tracing

if TYPE_CHECKING:
    from vedette.graphql.assets.asset_events import AssetEvent
    from vedette.graphql.assets.assets import Asset
    from vedette.graphql.runs.run_waits import RunWait, WaitReason

LazyAsset = Annotated["Asset", strawberry.lazy("vedette.graphql.assets.assets")]
LazyWaitReason = Annotated["WaitReason", strawberry.lazy("vedette.graphql.runs.run_waits")]
LazyAssetEvent = Annotated["AssetEvent", strawberry.lazy("vedette.graphql.assets.asset_events")]


@strawberry.type(description="One op of a run and how it stands.")
class RunStep:
    """One op of a run and how it stands."""

    name: str = strawberry.field(description="Name of the op.")
    status: StepStatus = strawberry.field(description="How it stands.")
    started_at: datetime | None = strawberry.field(description="When it began.")
    finished_at: datetime | None = strawberry.field(description="When it ended.")
    attempt: int = strawberry.field(description="Which try it is: 1, 2, …")
    error: ErrorInfo | None = strawberry.field(description="Why it failed.")


@strawberry.type(description="Something that happened in a run.")
class RunEvent:
    """Something that happened in a run."""

    position: StreamPosition = strawberry.field(description="Its place in the run: 1, 2, 3 …")
    at: datetime = strawberry.field(description="When it happened.")
    kind: RunEventKind = strawberry.field(description="What it tells.")
    step: str | None = strawberry.field(description="The step that it belongs to.")
    message: str | None = strawberry.field(description="What it says, for people.")
    data: JSON | None = strawberry.field(
        description="What it says, for programs: level and logger of a log line, the error."
    )


def run_event(placed: PlacedEvent) -> RunEvent:
    """Return an event as the schema has it; what only some kinds have goes into `data`."""
    event = placed.event
    data = dict(event.data or {})
    if event.level is not None:
        data.update(level=event.level.value, logger=event.logger)
    if event.error is not None:
        data["error"] = {"type": event.error.type, "message": event.error.message, "stack": list(event.error.stack)}
    return RunEvent(
        position=StreamPosition(placed.position),
        at=event.at,
        kind=event.kind,
        step=event.step,
        message=event.message,
        data=JSON(data) if data else None,
    )


def run_step(step: domain.RunStep) -> RunStep:
    """Return a step as the schema has it."""
    return RunStep(
        name=step.name,
        status=step.status,
        started_at=step.started_at,
        finished_at=step.finished_at,
        attempt=step.attempt,
        error=error_info(step.error),
    )


@strawberry.type(description="One execution of a job.")
class Run(Node):
    """One execution of a job."""

    facts: strawberry.Private[domain.Run]
    job_name: str = strawberry.field(resolver=Attribute("facts.job_name"), description="Name of the job.")
    status: RunStatus = strawberry.field(resolver=Attribute("facts.status"), description="How it stands.")
    run_key: str | None = strawberry.field(
        resolver=Attribute("facts.run_key"), description="The key that makes it unique to its sensor or job."
    )
    partition_key: str | None = strawberry.field(
        resolver=Attribute("facts.partition_key"), description="The partition that it runs for."
    )
    asset_selection: list[list[str]] | None = strawberry.field(
        resolver=Attribute("facts.asset_selection"), description="Keys of the assets that it runs for."
    )
    queued_at: datetime = strawberry.field(resolver=Attribute("facts.queued_at"), description="When it was asked for.")
    started_at: datetime | None = strawberry.field(
        resolver=Attribute("facts.started_at"), description="When user code began, in the latest attempt."
    )
    finished_at: datetime | None = strawberry.field(
        resolver=Attribute("facts.finished_at"), description="When it ended."
    )
    attempt: int = strawberry.field(
        resolver=Attribute("facts.attempt"), description="Which execution of this run it is: 1, 2, …"
    )
    priority: int = strawberry.field(
        resolver=Attribute("facts.priority"), description="Its priority in the queue: the greater starts first."
    )

    @field("Whether it can still be canceled.")
    def can_cancel(self) -> bool:
        """Work it out."""
        status = self.facts.status
        return status not in FINISHED and status is not RunStatus.CANCELING

    @field("The config that it runs with; what is secret in it is ********.")
    def run_config(self) -> JSON:
        """Mask it."""
        return JSON(masked(self.facts.run_config))

    @field("By which id it is followed in logs and traces, from the request or tick that asked for it on.")
    def trace_id(self) -> str:
        """Work it out."""
        facts = self.facts
        return tracing.of_run(facts.id, facts.attempt, facts.tick_id, facts.trace).span.trace_id

    @field("Its place in the queue: 1 is the next to start. Null unless it is QUEUED.")
    async def queue_position(self, info: Info) -> int | None:
        """Count those before it."""
        wait = await self._wait(info)
        return None if wait is None else wait.position

    @field("All that holds it up in the queue now; empty when it is about to start. Null unless it is QUEUED.")
    async def waiting_for(self, info: Info) -> list[LazyWaitReason] | None:
        """Find it out."""
        wait = await self._wait(info)
        return None if wait is None else wait.reasons

    async def _wait(self, info: Info) -> "RunWait | None":
        if self.facts.status is not RunStatus.QUEUED:
            return None
        return await info.context.loaders.wait_of_run.load(self.facts.id)

    @field("The job; null if it is not known any more.")
    def job(self, info: Info) -> Job | None:
        """Load it."""
        return at_hand(info.context.loaders.job_named.load((self.facts.code_location, self.facts.job_name)))

    @field("What it is marked with.")
    def tags(self) -> list[Tag]:
        """List them."""
        return tag_list(self.facts.tags)

    @field("The sensor that asked for it.")
    def sensor(self, info: Info) -> Sensor | None:
        """Load it."""
        sensor_id = self.facts.sensor_id
        return None if sensor_id is None else at_hand(info.context.loaders.sensor.load(sensor_id))

    @field("The tick that launched it.")
    async def tick(self, info: Info) -> Tick | None:
        """Load it."""
        return None if self.facts.tick_id is None else await info.context.loaders.tick.load(self.facts.tick_id)

    @field("The run that it repeats; null if it repeats none, or that is no longer kept.")
    async def rerun_of(self, info: Info) -> "Run | None":
        """Load it."""
        return None if self.facts.rerun_of is None else await info.context.loaders.run.load(self.facts.rerun_of)

    @field("Why it failed.")
    def error(self) -> ErrorInfo | None:
        """Pass it on."""
        return error_info(self.facts.error)

    @field("Its steps, in the order of the job's graph; none until its process is ready.")
    async def steps(self, info: Info) -> list[RunStep]:
        """Load them."""
        return await info.context.loaders.steps_of_run.load(self.facts.id)

    @field("What happened in it, in order.")
    async def events(self, info: Info, first: First = None, after: After = None) -> Connection[RunEvent]:
        """Load them."""
        return await info.context.loaders.events_of_run.load((self.facts.id, RUN_EVENTS.window(first, after)))

    @field("The assets that it is to produce, by key: those of its selection, else all those of its job.")
    async def assets(self, info: Info) -> list[LazyAsset]:
        """Load them."""
        job = (self.facts.code_location, self.facts.job_name)
        selection = self.facts.asset_selection
        keys = await info.context.loaders.assets_of_job.load(job) if selection is None else selection
        return [asset for asset in await info.context.loaders.asset.load_many(keys) if asset is not None]

    @field("What it told of assets, in order.")
    async def asset_events(self, info: Info, first: First = None, after: After = None) -> Connection[LazyAssetEvent]:
        """Load them."""
        key = (self.facts.id, ASSET_EVENTS_TOLD.window(first, after))
        return await info.context.loaders.asset_events_told.load(key)

    @field("What sensors that watch runs made of it, in order.")
    async def reactions(self, info: Info, first: First = None, after: After = None) -> Connection[Reaction]:
        """Load them."""
        key = (self.facts.id, RUN_REACTIONS.window(first, after))
        return await info.context.loaders.reactions_to_run.load(key)

    @field("What user code logged and printed, in order.")
    async def logs(
        self, info: Info, first: First = None, after: After = None, min_level: MinLevel = None
    ) -> Connection[LogRecord]:
        """Load them."""
        key = (self.facts.id, levels_from(min_level), RUN_LOGS.window(first, after))
        return await info.context.loaders.logs_of_run.load(key)


def run(facts: domain.Run) -> Run:
    """Return a run as the schema has it."""
    return Run(id=ids.encode("Run", facts.id), facts=facts)


@strawberry.type
class RunQueries:
    """Fields of Query."""

    @field("One run; null if there is none.")
    async def run(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")],  # noqa: A002
    ) -> Run | None:
        """Load it."""
        return await info.context.loaders.run.load(ids.decode_uuid("Run", id))

    @field("Runs of all jobs, the latest first.")
    async def runs(
        self,
        info: Info,
        filter: Annotated[RunFilterInput | None, strawberry.argument(description="Which runs.")] = None,  # noqa: A002
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Run]:
        """Read a page of them."""
        window = RUNS.window(first, after, last, before)
        async with info.context.database.reading() as connection:
            page = await runs.page(connection, run_filter(filter), window)
        at = "edges", "node"
        await load_sensors_ahead(info, (one.sensor_id for one in page.rows), *at, "sensor")
        await load_jobs_ahead(info, ((one.code_location, one.job_name) for one in page.rows), *at, "job")
        return RUNS.connect(page, run)
