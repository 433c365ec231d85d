"""Starting, stopping and resetting sensors, and editing their cursors."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

import strawberry

from vedette.bus import topics
from vedette.domain.catalog import SensorStatus
from vedette.faults import Point, reached
from vedette.graphql import ids
from vedette.graphql.context import Info
from vedette.graphql.cursors import sensor_cursor
from vedette.graphql.fields import mutation
from vedette.graphql.mutation_errors import CursorConflict, MutationError, NotFound
from vedette.graphql.sensors import Sensor
from vedette.storage import cursors, sensors


@strawberry.input(description="Which sensor to start.")
class StartSensorInput:
    """Which sensor to start."""

    sensor_id: strawberry.ID = strawberry.field(description="The sensor.")


@strawberry.input(description="Which sensor to stop.")
class StopSensorInput:
    """Which sensor to stop."""

    sensor_id: strawberry.ID = strawberry.field(description="The sensor.")
    note: str | None = strawberry.field(default=None, description="Why; shown with its status.")


@strawberry.input(description="Which sensor to give the status that its code says.")
class ResetSensorInput:
    """Which sensor to give the status that its code says."""

    sensor_id: strawberry.ID = strawberry.field(description="The sensor.")


@strawberry.input(description="A sensor's next cursor.")
class SetSensorCursorInput:
    """A sensor's next cursor."""

    sensor_id: strawberry.ID = strawberry.field(description="The sensor.")
    cursor: str | None = strawberry.field(default=None, description="What it shall hold; null clears it.")
    expected_version: int | None = strawberry.field(
        default=None, description="Change it only if it still has this version; left out: whatever it has."
    )


@strawberry.type(description="What became of a change of a sensor.")
class SensorPayload:
    """What became of a change of a sensor."""

    sensor: Sensor | None = strawberry.field(default=None, description="The sensor as it is now.")
    errors: list[MutationError] = strawberry.field(description="Why it was not changed; empty if it was.")


def no_sensor(sensor_id: strawberry.ID) -> NotFound:
    """Return the error for a sensor that does not exist."""
    return NotFound(message=f"There is no sensor {sensor_id}; `sensors` lists them all.", path=["sensorId"])


async def _change(
    info: Info, sensor_id: strawberry.ID, change: Callable[[Any, UUID], Awaitable[bool]]
) -> SensorPayload:
    """Apply `change` in one short transaction, wake whoever watches sensors, and return the sensor as it is now."""
    key = ids.decode_uuid("Sensor", sensor_id)
    async with info.context.database.writing() as connection:
        changed = await change(connection, key)
    if not changed:
        return SensorPayload(errors=[no_sensor(sensor_id)])
    info.context.bus.knock(topics.SENSORS)
    return SensorPayload(sensor=await _read_anew(info, key), errors=[])


async def _read_anew(info: Info, key: UUID) -> Sensor | None:
    info.context.renew()
    return await info.context.loaders.sensor.load(key)


@strawberry.type
class SensorMutations:
    """Fields of Mutation."""

    @mutation("Have a sensor evaluated from now on; its cursor and all else stay as they are.")
    async def start_sensor(
        self,
        info: Info,
        input: Annotated[StartSensorInput, strawberry.argument(description="Which sensor.")],  # noqa: A002
    ) -> SensorPayload:
        """Start it."""
        actor = info.context.actor
        return await _change(
            info,
            input.sensor_id,
            lambda connection, key: sensors.set_status(connection, key, SensorStatus.RUNNING, actor),
        )

    @mutation("Have a sensor evaluated no more; its cursor and all else stay as they are.")
    async def stop_sensor(
        self,
        info: Info,
        input: Annotated[StopSensorInput, strawberry.argument(description="Which sensor.")],  # noqa: A002
    ) -> SensorPayload:
        """Stop it."""
        actor = info.context.actor
        return await _change(
            info,
            input.sensor_id,
            lambda connection, key: sensors.set_status(connection, key, SensorStatus.STOPPED, actor, input.note),
        )

    @mutation("Give a sensor the status that its code says; its cursor and all else stay.")
    async def reset_sensor(
        self,
        info: Info,
        input: Annotated[ResetSensorInput, strawberry.argument(description="Which sensor.")],  # noqa: A002
    ) -> SensorPayload:
        """Reset it."""
        return await _change(info, input.sensor_id, sensors.reset_status)

    @mutation("Set or clear a sensor's cursor, if it still has the version expected.")
    async def set_sensor_cursor(
        self,
        info: Info,
        input: Annotated[SetSensorCursorInput, strawberry.argument(description="The sensor and its cursor.")],  # noqa: A002
    ) -> SensorPayload:
        """Compare and set it."""
        key = ids.decode_uuid("Sensor", input.sensor_id)
        async with info.context.database.writing() as connection:
            version = await cursors.edit(connection, key, input.cursor, input.expected_version, info.context.actor)
        reached(Point.CURSOR_EDITED)
        sensor = await _read_anew(info, key)
        if sensor is None:
            return SensorPayload(errors=[no_sensor(input.sensor_id)])
        if version is None:
            current = sensor_cursor(sensor.facts.cursor)
            message = (
                f"The cursor has version {current.version}, not {input.expected_version}; read it and decide anew."
            )
            return SensorPayload(
                sensor=sensor, errors=[CursorConflict(message=message, path=["expectedVersion"], current=current)]
            )
        info.context.bus.knock(topics.SENSORS)
        return SensorPayload(sensor=sensor, errors=[])
