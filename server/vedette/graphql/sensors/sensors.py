"""Sensors: what they are, how they stand, and what came of them."""

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, NamedTuple, cast
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from vedette.domain import sensors as domain
from vedette.domain.catalog import AssetMonitor, SensorKind, SensorStatus
from vedette.domain.sensors import SensorConditionKind, StatusSource
from vedette.graphql import ids
from vedette.graphql.catalog.code_locations import CodeLocation
from vedette.graphql.catalog.jobs import Job
from vedette.graphql.connections import (
    CURSOR_CHANGES,
    RUN_KEYS,
    RUNS,
    TICKS,
    After,
    Before,
    Connection,
    First,
    Last,
)
from vedette.graphql.context import Info
from vedette.graphql.errors import BAD_INPUT, RequestError
from vedette.graphql.fields import field
from vedette.graphql.filters import RunFilterInput, TickFilterInput, run_filter, tick_filter
from vedette.graphql.lookahead import at_hand, load_ahead, selects
from vedette.graphql.nodes import Node
from vedette.graphql.plans import Attribute
from vedette.graphql.sensors.cursors import CursorChange, SensorCursor
from vedette.graphql.tags import Tag, tag_list
from vedette.graphql.ticks.tick_buckets import Seconds, Since, TickBucket, Until, span_of
from vedette.storage.sensors.sensors import SensorSeen

if TYPE_CHECKING:
    from vedette.graphql.assets.assets import Asset
    from vedette.graphql.runs.runs import Run
    from vedette.graphql.sensors.run_keys import RunKey
    from vedette.graphql.ticks.ticks import Tick

LazyAsset = Annotated["Asset", strawberry.lazy("vedette.graphql.assets.assets")]
LazyRun = Annotated["Run", strawberry.lazy("vedette.graphql.runs.runs")]
LazyRunKey = Annotated["RunKey", strawberry.lazy("vedette.graphql.sensors.run_keys")]
Contains = Annotated[str | None, strawberry.argument(description="Only those with this in them.")]
LazyTick = Annotated["Tick", strawberry.lazy("vedette.graphql.ticks.ticks")]

LONGEST_WINDOW_SECONDS = 366 * 24 * 3600


@strawberry.type(description="Why a sensor runs or does not.")
class StatusReason:
    """Why a sensor runs or does not."""

    source: StatusSource = strawberry.field(description="Who decided.")
    actor: str | None = strawberry.field(description="The person or program, where one decided.")
    at: datetime | None = strawberry.field(description="When it was decided.")
    note: str | None = strawberry.field(description="What was said about it.")


@strawberry.type(description="What a sensor is doing now, and until when it waits.")
class SensorCondition:
    """What a sensor is doing now, and until when it waits."""

    kind: SensorConditionKind = strawberry.field(description="What it is doing.")
    until: datetime | None = strawberry.field(description="Until when, where that is known.")
    message: str | None = strawberry.field(description="More about it, for people.")


@strawberry.type(description="How many ticks a window saw; repeats that are folded into a tick are counted.")
class TickCounts:
    """How many ticks a window saw."""

    started: int = strawberry.field(description="Those that go on.")
    skipped: int = strawberry.field(description="Those that asked for nothing.")
    success: int = strawberry.field(description="Those that asked for runs.")
    failure: int = strawberry.field(description="Those that failed.")
    duration_p50_seconds: float | None = strawberry.field(
        name="durationP50Seconds", description="Median duration; null if none ended."
    )
    duration_p99_seconds: float | None = strawberry.field(
        name="durationP99Seconds", description="99th percentile of the durations; null if none ended."
    )


@strawberry.type(description="A selection of assets.")
class AssetSelectionTarget:
    """A selection of assets."""

    keys: list[list[str]] = strawberry.field(description="Keys of the assets.")

    @field("The assets.")
    async def assets(self, info: Info) -> list[LazyAsset]:
        """Load them."""
        found = await info.context.loaders.asset.load_many([tuple(key) for key in self.keys])
        return [asset for asset in found if asset is not None]


Target = Annotated[
    Job | AssetSelectionTarget, strawberry.union("Target", description="What a sensor may ask for runs of.")
]


class ReadWith(NamedTuple):
    """What was read with a sensor of a list."""

    last_tick: "Tick | None"
    code_location: CodeLocation


@strawberry.type(description="A function that watches something and asks for runs of jobs when it changes.")
class Sensor(Node):
    """A function that watches something and asks for runs of jobs when it changes."""

    facts: strawberry.Private[domain.Sensor]
    seen_at: strawberry.Private[datetime]
    read_with: strawberry.Private[ReadWith | None]
    name: str = strawberry.field(
        resolver=Attribute("facts.spec.name"), description="Its name, unique in its code location."
    )
    kind: SensorKind = strawberry.field(resolver=Attribute("facts.spec.kind"), description="What it watches.")
    description: str | None = strawberry.field(
        resolver=Attribute("facts.spec.description"), description="What it is for."
    )
    owners: list[str] = strawberry.field(resolver=Attribute("facts.spec.owners"), description="Who looks after it.")
    minimum_interval_seconds: float = strawberry.field(
        resolver=Attribute("facts.spec.minimum_interval_seconds"),
        description="Least time from the start of one tick to the start of the next; 0: again at once.",
    )
    watches: list[str] = strawberry.field(
        resolver=Attribute("facts.spec.watch"),
        description="Folders and files of which a change makes it due at once, relative to its evaluator's folder.",
    )
    timeout_seconds: float = strawberry.field(
        resolver=Attribute("facts.spec.timeout_seconds"),
        description="How long an evaluation may take before it is ended.",
    )
    max_lag_seconds: float | None = strawberry.field(
        resolver=Attribute("facts.spec.max_lag_seconds"),
        description="How late it may be, or an evaluation may hold up the next, before it is OVERDUE; null: 5 s, and "
        "however long an evaluation takes.",
    )
    default_status: SensorStatus = strawberry.field(
        resolver=Attribute("facts.spec.default_status"), description="The status that its code gives it."
    )
    status: SensorStatus = strawberry.field(
        resolver=Attribute("facts.status"), description="Whether it is to be evaluated."
    )
    consecutive_failures: int = strawberry.field(
        resolver=Attribute("facts.consecutive_failures"),
        description="How many ticks failed in a row; 0 again when it is started, its cursor set or its code changed.",
    )

    @field("What its author noted about it.")
    def metadata(self) -> JSON | None:
        """Pass it on."""
        noted = self.facts.spec.metadata
        return JSON(noted) if noted else None

    @field("What it is doing now, and until when it waits.")
    def condition(self) -> SensorCondition:
        """Work it out as of the moment it was read."""
        found = domain.condition_of(self.facts, self.seen_at)
        return SensorCondition(kind=found.kind, until=found.until, message=found.message)

    @field("When it is due; null while it is not to be evaluated.")
    def next_tick_at(self) -> datetime | None:
        """Tell it."""
        facts = self.facts
        return facts.next_tick_at if facts.is_due_able or facts.is_paused else None

    @field("The project that defines it.")
    def code_location(self, info: Info) -> CodeLocation:
        """Load it, unless it was read with the list; what it defines does not outlive it."""
        if self.read_with is not None:
            return self.read_with.code_location
        found = at_hand(info.context.loaders.code_location_named.load(self.facts.code_location))
        return cast("CodeLocation", found)

    @field("What it is marked with.")
    def tags(self) -> list[Tag]:
        """List them."""
        return tag_list(self.facts.spec.tags)

    @field("What it may ask for runs of.")
    async def targets(self, info: Info) -> list[Target]:
        """Load the jobs that its code names."""
        names = [(self.facts.code_location, name) for name in self.facts.spec.job_names]
        jobs = await info.context.loaders.job_named.load_many(names)
        targets: list[Job | AssetSelectionTarget] = [job for job in jobs if job is not None]
        if self.facts.spec.asset_keys:
            targets.append(AssetSelectionTarget(keys=[list(key) for key in self.facts.spec.asset_keys]))
        return targets

    @field("The assets that it reacts to when they are produced.")
    async def monitored_assets(self, info: Info) -> list[LazyAsset]:
        """Load them."""
        spec = self.facts.spec
        keys = spec.monitors.keys if isinstance(spec.monitors, AssetMonitor) else spec.watched_assets
        return [asset for asset in await info.context.loaders.asset.load_many(keys) if asset is not None]

    @field("Who decided its status: its code, a person or program, or the failure policy.")
    def status_reason(self) -> StatusReason:
        """Tell it."""
        reason = self.facts.status_reason
        return StatusReason(source=reason.source, actor=reason.actor, at=reason.at, note=reason.note)

    @field("What its function remembers from one tick to the next.")
    def cursor(self) -> SensorCursor:
        """Pass it on."""
        return SensorCursor(facts=self.facts.cursor)

    @field("Changes of its cursor, the latest first.")
    async def cursor_history(self, info: Info, first: First = None, after: After = None) -> Connection[CursorChange]:
        """Load them."""
        key = (self.facts.id, CURSOR_CHANGES.window(first, after))
        return await info.context.loaders.cursor_changes_of_sensor.load(key)

    @field("How far past due it is; 0 when on time, null while it is not to be evaluated.")
    def lag_seconds(self) -> float | None:
        """Work it out as of the moment it was read."""
        return domain.lag_seconds(self.facts, self.seen_at)

    @field("Its latest tick.")
    def last_tick(self, info: Info) -> LazyTick | None:
        """Load it, unless it was read with the list."""
        if self.read_with is not None:
            return self.read_with.last_tick
        last = self.facts.last_tick_id
        return None if last is None else at_hand(info.context.loaders.tick.load(last))

    @field("Its ticks, the latest first.")
    async def ticks(
        self,
        info: Info,
        filter: Annotated[TickFilterInput | None, strawberry.argument(description="Which ticks.")] = None,  # noqa: A002
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[LazyTick]:
        """Load them."""
        key = (self.facts.id, tick_filter(filter), TICKS.window(first, after, last, before))
        return await info.context.loaders.ticks_of_sensor.load(key)

    @field("How many ticks it had lately, by status, and how long they took.")
    async def tick_counts(
        self,
        info: Info,
        window_seconds: Annotated[float, strawberry.argument(description="How far to look back, up to a year.")],
    ) -> TickCounts:
        """Load them."""
        if not 0 < window_seconds <= LONGEST_WINDOW_SECONDS:
            raise RequestError(BAD_INPUT, f"windowSeconds is above 0 and at most {LONGEST_WINDOW_SECONDS} (a year).")
        counts = await info.context.loaders.tick_counts.load((self.facts.id, window_seconds))
        return TickCounts(
            started=counts.started,
            skipped=counts.skipped,
            success=counts.success,
            failure=counts.failure,
            duration_p50_seconds=counts.p50_seconds,
            duration_p99_seconds=counts.p99_seconds,
        )

    @field("How many ticks began in each part of a span, the earliest first; parts without any are left out.")
    async def tick_buckets(self, info: Info, since: Since, until: Until, seconds: Seconds) -> list[TickBucket]:
        """Load them."""
        return await info.context.loaders.tick_buckets.load((self.facts.id, span_of(since, until, seconds)))

    @field("The runs that it asked for, the latest first.")
    async def runs(
        self,
        info: Info,
        filter: Annotated[RunFilterInput | None, strawberry.argument(description="Which runs.")] = None,  # noqa: A002
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[LazyRun]:
        """Load them."""
        key = (self.facts.id, run_filter(filter), RUNS.window(first, after, last, before))
        return await info.context.loaders.runs_of_sensor.load(key)

    @field("The run keys that runs hold for it, by key: requests with one of them repeat that run.")
    async def run_keys(
        self, info: Info, contains: Contains = None, first: First = None, after: After = None
    ) -> Connection[LazyRunKey]:
        """Load them."""
        key = (self.facts.id, contains, RUN_KEYS.window(first, after))
        return await info.context.loaders.run_keys_of.load(key)


async def load_sensors_ahead(info: Info, ids: Iterable[UUID | None], *path: str) -> None:
    """Load the sensors of a list's things, and their code locations, where these are selected at `path`."""
    if not selects(info, *path):
        return
    loaders = info.context.loaders
    found = await load_ahead(loaders.sensor, ids)
    if selects(info, *path, "codeLocation"):
        names = [one.facts.code_location for one in found if one is not None]
        await load_ahead(loaders.code_location_named, names)


def sensor(seen: SensorSeen, read_with: ReadWith | None = None) -> Sensor:
    """Return a sensor as the schema has it."""
    facts = seen.sensor
    return Sensor(id=ids.encode("Sensor", facts.id), facts=facts, seen_at=seen.at, read_with=read_with)
