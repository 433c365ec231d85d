"""Subscriptions: streams of ticks, sensors, runs and one run's events, each of which resumes at any position."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from operator import attrgetter
from typing import Annotated, Any, NamedTuple

import strawberry

from vedette.bus import topics
from vedette.domain.assets import AssetEventRecord
from vedette.domain.runs import Run as RunFacts
from vedette.domain.ticks import Tick as TickFacts
from vedette.graphql import ids
from vedette.graphql.access.audit import AuditEntry, audit_entry, audit_filter, entries
from vedette.graphql.access.audit import Filter as EntryFilter
from vedette.graphql.assets.asset_events import AssetEvent, asset_event
from vedette.graphql.assets.asset_filters import AssetEventFilterInput, passes
from vedette.graphql.context import Info
from vedette.graphql.fields import subscription
from vedette.graphql.filters import (
    RunFilterInput,
    SensorFilterInput,
    TickFilterInput,
    run_filter,
    sensor_filter,
    tick_filter,
)
from vedette.graphql.instance import InstanceSubscriptions
from vedette.graphql.logs import LogRecord, log_record
from vedette.graphql.runs.runs import Run, RunEvent, run, run_event
from vedette.graphql.scalars import StreamPosition
from vedette.graphql.sensors.sensors import Sensor, sensor
from vedette.graphql.streams.as_of import run_as_of, tick_as_of
from vedette.graphql.streams.following import Gap, Stream, follow
from vedette.graphql.streams.pulses import PulseSubscriptions
from vedette.graphql.streams.tails import RUN_EVENTS, TICK_LOGS, follow_tail
from vedette.graphql.ticks.ticks import Tick, tick
from vedette.storage import changes
from vedette.storage.assets import asset_lists, assets
from vedette.storage.changes import RunChange, SensorChange, TickChange
from vedette.storage.runs import runs
from vedette.storage.runs.runs import PlacedEvent
from vedette.storage.sensors import sensors
from vedette.storage.sensors.sensors import SensorSeen
from vedette.storage.ticks import ticks

_age = attrgetter("age_seconds")
TICKS = Stream("ticks", topics.TICKS, changes.ticks_after, _age)
RUNS = Stream("runs", topics.RUNS, changes.runs_after, _age)
SENSORS = Stream("sensors", topics.SENSORS, changes.sensors_after, _age)
ASSETS = Stream("assets", topics.ASSETS, assets.after)

Position = strawberry.field(description="Where in the stream it is; pass it as `after` to go on from here.")
ResumeAfter = Annotated[
    StreamPosition | None,
    strawberry.argument(description="Position of the last item received; left out: from now on."),
]


@strawberry.type(
    description="History between the position asked for and `position` is gone; "
    "read the current state and go on from here."
)
class StreamGap:
    """History that is gone."""

    position: StreamPosition = Position
    message: str = strawberry.field(description="What is missing, for people.")


@strawberry.type(description="A tick started or ended.")
class TickChanged:
    """A tick started or ended."""

    position: StreamPosition = Position
    tick: Tick = strawberry.field(description="The tick as it was then.")


@strawberry.type(description="A sensor's status, condition or cursor changed.")
class SensorChanged:
    """A sensor's status, condition or cursor changed."""

    position: StreamPosition = Position
    sensor: Sensor = strawberry.field(description="The sensor as it is now.")


@strawberry.type(description="A run's status changed.")
class RunChanged:
    """A run's status changed."""

    position: StreamPosition = Position
    run: Run = strawberry.field(description="The run as it was then.")


@strawberry.type(description="Something happened in a run.")
class RunEventAdded:
    """Something happened in a run."""

    position: StreamPosition = Position
    event: RunEvent = strawberry.field(description="What happened.")


@strawberry.type(description="User code said something while a tick was evaluated.")
class TickLogAdded:
    """User code said something while a tick was evaluated."""

    position: StreamPosition = Position
    record: LogRecord = strawberry.field(description="What it said.")


@strawberry.type(description="Something happened to an asset.")
class AssetEventAdded:
    """Something happened to an asset."""

    position: StreamPosition = Position
    event: AssetEvent = strawberry.field(description="What happened.")


@strawberry.type(description="A mutation was tried.")
class AuditEntryAdded:
    """A mutation was tried."""

    position: StreamPosition = Position
    entry: AuditEntry = strawberry.field(description="Its entry in the audit log.")


TickStreamItem = Annotated[
    TickChanged | StreamGap, strawberry.union("TickStreamItem", description="What the stream of ticks tells.")
]
SensorStreamItem = Annotated[
    SensorChanged | StreamGap, strawberry.union("SensorStreamItem", description="What the stream of sensors tells.")
]
RunStreamItem = Annotated[
    RunChanged | StreamGap, strawberry.union("RunStreamItem", description="What the stream of runs tells.")
]
RunEventStreamItem = Annotated[
    RunEventAdded | StreamGap,
    strawberry.union("RunEventStreamItem", description="What a run's stream of events tells."),
]
AssetEventStreamItem = Annotated[
    AssetEventAdded | StreamGap,
    strawberry.union("AssetEventStreamItem", description="What the stream of events of assets tells."),
]
TickLogStreamItem = Annotated[
    TickLogAdded | StreamGap,
    strawberry.union("TickLogStreamItem", description="What a tick's stream of log lines tells."),
]
AuditStreamItem = Annotated[
    AuditEntryAdded | StreamGap, strawberry.union("AuditStreamItem", description="What the stream of the log tells.")
]


def _gap(gap: Gap) -> StreamGap:
    message = f"What happened up to position {gap.position} is no longer kept; read the current state and go on."
    return StreamGap(position=StreamPosition(gap.position), message=message)


class _TickShown(NamedTuple):
    position: int
    tick: TickFacts
    sensor: SensorSeen | None


class _RunShown(NamedTuple):
    position: int
    run: RunFacts


class _SensorShown(NamedTuple):
    position: int
    sensor: SensorSeen


@strawberry.type(description="What can be followed.")
class Subscription(PulseSubscriptions, InstanceSubscriptions):
    """What can be followed."""

    @subscription("Every tick as it starts and as it ends. Without `after`: from now on.")
    async def ticks(
        self,
        info: Info,
        filter: Annotated[TickFilterInput | None, strawberry.argument(description="Which ticks.")] = None,  # noqa: A002
        after: ResumeAfter = None,
    ) -> AsyncGenerator[TickStreamItem, None]:
        """Follow the stream `ticks`."""
        wanted = tick_filter(filter)
        # What a tick becomes is judged by the change, not by what it has become since.
        lasting = replace(wanted, statuses=(), has_runs=None)

        async def show(connection: Any, page: Sequence[TickChange]) -> list[_TickShown]:
            kept = [change for change in page if not wanted.statuses or change.status in wanted.statuses]
            found = await ticks.by_ids(connection, list({change.tick_id for change in kept}), lasting)
            then = [
                (change.position, tick_as_of(found[change.tick_id], change.status))
                for change in kept
                if change.tick_id in found
            ]
            if wanted.has_runs is not None:
                then = [(at, facts) for at, facts in then if (facts.launched_count > 0) is wanted.has_runs]
            seen = await sensors.by_ids(connection, list({facts.sensor_id for _, facts in then}))
            return [_TickShown(at, facts, seen.get(facts.sensor_id)) for at, facts in then]

        async with aclosing(follow(info.context, TICKS, after, show)) as items:
            async for item in items:
                if isinstance(item, Gap):
                    yield _gap(item)
                    continue
                if item.sensor is not None:
                    info.context.loaders.sensor.prime(item.tick.sensor_id, sensor(item.sensor))
                yield TickChanged(position=StreamPosition(item.position), tick=tick(item.tick))

    @subscription(
        "A sensor whose status, condition or cursor changed, by time alone included: it becomes OVERDUE, or is so no "
        "more. Changes that come together are told as one."
    )
    async def sensors(
        self,
        info: Info,
        filter: Annotated[SensorFilterInput | None, strawberry.argument(description="Which sensors.")] = None,  # noqa: A002
        after: ResumeAfter = None,
    ) -> AsyncGenerator[SensorStreamItem, None]:
        """Follow the stream `sensors`."""
        wanted = sensor_filter(filter)

        async def show(connection: Any, page: Sequence[SensorChange]) -> list[_SensorShown]:
            # The sensor is shown as it is now, so of several changes the last one says it all.
            last = {change.sensor_id: change.position for change in page}
            found = await sensors.by_ids(connection, list(last), wanted)
            return sorted(
                (_SensorShown(last[one], seen) for one, seen in found.items()), key=lambda shown: shown.position
            )

        with info.context.passing_time.following():
            async with aclosing(follow(info.context, SENSORS, after, show)) as items:
                async for item in items:
                    if isinstance(item, Gap):
                        yield _gap(item)
                    else:
                        yield SensorChanged(position=StreamPosition(item.position), sensor=sensor(item.sensor))

    @subscription("Every run as its status changes. Without `after`: from now on.")
    async def runs(
        self,
        info: Info,
        filter: Annotated[RunFilterInput | None, strawberry.argument(description="Which runs.")] = None,  # noqa: A002
        after: ResumeAfter = None,
    ) -> AsyncGenerator[RunStreamItem, None]:
        """Follow the stream `runs`."""
        wanted = run_filter(filter)
        lasting = replace(wanted, statuses=())

        async def show(connection: Any, page: Sequence[RunChange]) -> list[_RunShown]:
            kept = [change for change in page if not wanted.statuses or change.status in wanted.statuses]
            found = await runs.by_ids(connection, list({change.run_id for change in kept}), lasting)
            return [
                _RunShown(change.position, run_as_of(found[change.run_id], change.status))
                for change in kept
                if change.run_id in found
            ]

        async with aclosing(follow(info.context, RUNS, after, show)) as items:
            async for item in items:
                if isinstance(item, Gap):
                    yield _gap(item)
                else:
                    yield RunChanged(position=StreamPosition(item.position), run=run(item.run))

    @subscription("All that happens to assets. Without `after`: from now on.")
    async def asset_events(
        self,
        info: Info,
        filter: Annotated[AssetEventFilterInput | None, strawberry.argument(description="Which events.")] = None,  # noqa: A002
        after: ResumeAfter = None,
    ) -> AsyncGenerator[AssetEventStreamItem, None]:
        """Follow the stream `assets`."""

        async def show(connection: Any, page: Sequence[AssetEventRecord]) -> list[AssetEventRecord]:
            kept = [record for record in page if passes(record, filter)]
            seen = await asset_lists.in_scope(connection, {record.event.key for record in kept})
            return [record for record in kept if record.event.key in seen]

        async with aclosing(follow(info.context, ASSETS, after, show)) as items:
            async for item in items:
                if isinstance(item, Gap):
                    yield _gap(item)
                else:
                    yield AssetEventAdded(position=StreamPosition(item.position), event=asset_event(item))

    @subscription("Every entry of the audit log as it is written. Without `after`: from now on. For admins.")
    async def audit_log(
        self,
        info: Info,
        filter: EntryFilter = None,  # noqa: A002
        after: ResumeAfter = None,
    ) -> AsyncGenerator[AuditStreamItem, None]:
        """Follow the stream `audit`."""
        async with aclosing(entries(info, audit_filter(filter), after)) as items:
            async for item in items:
                if isinstance(item, Gap):
                    yield _gap(item)
                else:
                    yield AuditEntryAdded(position=StreamPosition(item.position), entry=audit_entry(item))

    @subscription("One run's events and logs, from the first unless `after` is given; ends when the run has.")
    async def run_events(
        self,
        info: Info,
        run_id: Annotated[strawberry.ID, strawberry.argument(description="The run.")],
        after: Annotated[
            StreamPosition | None,
            strawberry.argument(description="Position of the last event received; left out: from the first."),
        ] = None,
    ) -> AsyncGenerator[RunEventStreamItem, None]:
        """Follow the events of a run."""
        key = ids.decode_uuid("Run", run_id)
        async with aclosing(follow_tail(info.context, RUN_EVENTS, key, after or 0)) as events:
            async for position, event in events:
                yield RunEventAdded(position=StreamPosition(position), event=run_event(PlacedEvent(position, event)))

    @subscription("The log lines of one tick, live while it is evaluated; ends when the tick has.")
    async def tick_logs(
        self,
        info: Info,
        tick_id: Annotated[strawberry.ID, strawberry.argument(description="The tick.")],
        after: Annotated[
            StreamPosition | None,
            strawberry.argument(description="Position of the last line received; left out: from the first."),
        ] = None,
    ) -> AsyncGenerator[TickLogStreamItem, None]:
        """Follow the lines of a tick."""
        key = ids.decode_uuid("Tick", tick_id)
        async with aclosing(follow_tail(info.context, TICK_LOGS, key, after or 0)) as lines:
            async for position, line in lines:
                yield TickLogAdded(position=StreamPosition(position), record=log_record(line))
