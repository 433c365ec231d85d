"""The pulse of sensors: how they stand, told again whenever they ticked, also where no stream tells it."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from functools import partial
from typing import Annotated, NamedTuple
from uuid import UUID

import strawberry

from vedette.bus import topics
from vedette.domain.ticks import Tick
from vedette.graphql import ids
from vedette.graphql.context import Context, Info
from vedette.graphql.errors import limit_exceeded
from vedette.graphql.fields import subscription
from vedette.graphql.sensors.sensors import Sensor, sensor
from vedette.graphql.streams.patience import patiently
from vedette.graphql.ticks.ticks import tick
from vedette.storage.sensors import sensors
from vedette.storage.sensors.passing_time import Mark
from vedette.storage.sensors.sensors import SensorSeen
from vedette.storage.ticks import ticks


@strawberry.type(
    description="How a sensor stands; its last tick tells how often it was repeated, and when it last was."
)
class SensorPulse:
    """How a sensor stands."""

    sensor: Sensor = strawberry.field(description="The sensor as it is now.")


class _Shown(NamedTuple):
    sensor: SensorSeen
    last_tick: Tick | None

    @property
    def mark(self) -> Mark:
        """Return what differs after each tick."""
        facts = self.sensor.sensor
        return Mark(facts.last_tick_at, facts.next_tick_at, facts.evaluating_tick_id)


@strawberry.type
class PulseSubscriptions:
    """Fields of Subscription."""

    @subscription(
        "How some sensors stand: each at once, and again whenever it ticked, at most once a second. It tells what the "
        "streams do not, as no history keeps it: ticks that skip for the same reason as the one before, which are "
        "folded into it. It has no positions: whoever comes back is told how all of them stand."
    )
    async def pulses(
        self,
        info: Info,
        sensor_ids: Annotated[
            list[strawberry.ID], strawberry.argument(description="Which sensors, at most max_page_size.")
        ],
    ) -> AsyncGenerator[SensorPulse, None]:
        """Follow them."""
        most = info.context.limits.max_page_size
        if len(sensor_ids) > most:
            raise limit_exceeded("max_page_size", most, f"The pulse of {len(sensor_ids)} sensors was asked for")
        wanted = list(dict.fromkeys(ids.decode_uuid("Sensor", one) for one in sensor_ids))
        async with aclosing(_follow(info.context, wanted)) as items:
            async for item in items:
                shown = sensor(item.sensor)
                info.context.loaders.sensor.prime(item.sensor.sensor.id, shown)
                if item.last_tick is not None:
                    info.context.loaders.tick.prime(item.last_tick.id, tick(item.last_tick))
                yield SensorPulse(sensor=shown)


async def _follow(context: Context, wanted: Sequence[UUID]) -> AsyncGenerator[_Shown, None]:
    """Yield each sensor at once, and then whenever its mark is another; once only where the stretch says so."""
    stretch, seconds = context.stretch, context.settings.execution_seconds
    stretch.standing = True
    by_topic = {topics.pulse(one): one for one in wanted}
    told: dict[UUID, Mark] = {}
    with context.passing_time.watching(wanted) as listener:
        asked: Sequence[UUID] = wanted
        while True:
            found = await patiently(partial(_read, context, asked), seconds)
            fresh = [one for one in found if told.get(one.sensor.sensor.id) != one.mark]
            if not stretch.begun.is_set():
                stretch.begin(0)
            for left, one in zip(reversed(range(len(fresh))), fresh, strict=True):
                told[one.sensor.sensor.id] = one.mark
                context.renew()
                stretch.pass_by(None, is_open=left > 0)
                yield one
            if stretch.once:
                return
            asked = [by_topic[topic] for topic in await listener.wait()]


async def _read(context: Context, wanted: Sequence[UUID]) -> list[_Shown]:
    async with context.database.reading() as connection:
        found = await sensors.by_ids(connection, wanted)
        last = [seen.sensor.last_tick_id for seen in found.values()]
        kept = await ticks.by_ids(connection, [one for one in last if one is not None])
    return [_Shown(seen, kept.get(seen.sensor.last_tick_id or seen.sensor.id)) for seen in found.values()]
