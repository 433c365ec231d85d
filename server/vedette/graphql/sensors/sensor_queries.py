"""Asking for sensors."""

from collections.abc import Callable, Sequence
from typing import Annotated

import strawberry

from vedette.graphql import ids
from vedette.graphql.catalog.code_locations import code_location
from vedette.graphql.connections import SENSORS, After, Before, Connection, First, Last
from vedette.graphql.context import Info
from vedette.graphql.errors import AMBIGUOUS, RequestError
from vedette.graphql.fields import field
from vedette.graphql.filters import SensorFilterInput, sensor_filter
from vedette.graphql.lookahead import selects
from vedette.graphql.sensors.sensors import ReadWith, Sensor, sensor
from vedette.graphql.ticks.ticks import tick
from vedette.storage.sensors import sensors
from vedette.storage.sensors.sensors import SensorListed, SensorOrder


@strawberry.input(description="A sensor's name.")
class SensorNameInput:
    """A sensor's name."""

    code_location: str | None = strawberry.field(
        default=None, description="Name of its code location; may be left out while the sensor's name is unique."
    )
    name: str = strawberry.field(description="Name of the sensor.")


@strawberry.input(description="Names one sensor: by id or by name.", one_of=True)
class SensorBy:
    """Names one sensor."""

    id: strawberry.Maybe[strawberry.ID] = strawberry.field(description="Its id.")
    name: strawberry.Maybe[SensorNameInput] = strawberry.field(description="Its name.")


async def _find(info: Info, wanted: SensorNameInput) -> Sensor | None:
    async with info.context.database.reading() as connection:
        found = await sensors.by_name(connection, wanted.name, wanted.code_location)
    if len(found) > 1:
        raise RequestError(
            AMBIGUOUS, f"Several code locations have a sensor {wanted.name!r}; name the code location too."
        )
    return sensor(found[0]) if found else None


@strawberry.type
class SensorQueries:
    """Fields of Query."""

    @field("One sensor; null if there is none.")
    async def sensor(
        self, info: Info, by: Annotated[SensorBy, strawberry.argument(description="Which sensor.")]
    ) -> Sensor | None:
        """Find it."""
        if by.id is not None:
            return await info.context.loaders.sensor.load(ids.decode_uuid("Sensor", by.id.value))
        assert by.name is not None
        return await _find(info, by.name.value)

    @field("Sensors, those that are no longer defined included.")
    async def sensors(
        self,
        info: Info,
        filter: Annotated[SensorFilterInput | None, strawberry.argument(description="Which sensors.")] = None,  # noqa: A002
        order_by: Annotated[
            SensorOrder | None, strawberry.argument(description="In which order; by name if not said.")
        ] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Sensor]:
        """Read a page of them."""
        order = order_by or SensorOrder.NAME
        cursors = SENSORS[order]
        window = cursors.window(first, after, last, before)
        wanted = sensor_filter(filter)
        async with info.context.database.reading() as connection:
            if any(selects(info, "edges", "node", beside) for beside in ("lastTick", "codeLocation")):
                page = await sensors.page_with_last_ticks(connection, wanted, order, window)
                return cursors.connect(page, _with_what_is_beside(page.rows))
            return cursors.connect(await sensors.page(connection, wanted, order, window), sensor)


def _with_what_is_beside(page: Sequence[SensorListed]) -> Callable[[SensorListed], Sensor]:
    """Return what builds the sensors of a page."""
    told = [one.code_location for one in page if one.code_location is not None]
    located = {seen.name: code_location(seen) for seen in told}

    def build(listed: SensorListed) -> Sensor:
        last = None if listed.last_tick is None else tick(listed.last_tick)
        return sensor(listed.seen, ReadWith(last, located[listed.seen.sensor.code_location]))

    return build
