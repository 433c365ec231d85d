"""Starting, stopping and resetting sensors, and editing their cursors."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

import strawberry

from vedette.domain.catalog import SensorKind, SensorStatus
from vedette.domain.positions import parsed_position
from vedette.domain.sensors import Cursor
from vedette.domain.sensors import Sensor as KnownSensor
from vedette.domain.watched_assets import parsed_cursors
from vedette.faults import Point, reached
from vedette.graphql import ids
from vedette.graphql.context import Info
from vedette.graphql.fields import mutation
from vedette.graphql.mutations.idempotency import KeyedInput, once
from vedette.graphql.mutations.mutation_errors import CursorConflict, MutationError, NotFound, WrongState
from vedette.graphql.sensors.cursors import SensorCursor
from vedette.graphql.sensors.sensors import Sensor
from vedette.storage.sensors import cursors, sensors, statuses


@strawberry.input(description="Which sensor to start.")
class StartSensorInput(KeyedInput):
    """Which sensor to start."""

    sensor_id: strawberry.ID = strawberry.field(description="The sensor.")


@strawberry.input(description="Which sensor to stop.")
class StopSensorInput(KeyedInput):
    """Which sensor to stop."""

    sensor_id: strawberry.ID = strawberry.field(description="The sensor.")
    note: str | None = strawberry.field(default=None, description="Why; shown with its status.")


@strawberry.input(description="Which sensor to give the status that its code says.")
class ResetSensorInput(KeyedInput):
    """Which sensor to give the status that its code says."""

    sensor_id: strawberry.ID = strawberry.field(description="The sensor.")


@strawberry.input(description="A sensor's next cursor.")
class SetSensorCursorInput(KeyedInput):
    """A sensor's next cursor."""

    sensor_id: strawberry.ID = strawberry.field(description="The sensor.")
    cursor: str | None = strawberry.field(default=None, description="What it shall hold; null clears it.")
    expected_version: int | None = strawberry.field(
        default=None, description="Change it only if it still has this version; left out: whatever it has."
    )


AnySensorInput = StartSensorInput | StopSensorInput | ResetSensorInput | SetSensorCursorInput


@strawberry.type(description="What became of a change of a sensor.")
class SensorPayload:
    """What became of a change of a sensor."""

    sensor: Sensor | None = strawberry.field(default=None, description="The sensor as it is now.")
    errors: list[MutationError] = strawberry.field(description="Why it was not changed; empty if it was.")


def no_sensor(sensor_id: strawberry.ID) -> NotFound:
    """Return the error for a sensor that does not exist."""
    return NotFound(message=f"There is no sensor {sensor_id}; `sensors` lists them all.", path=["sensorId"])


def _refusal(sensor: KnownSensor, cursor: str) -> str | None:
    """Return why a sensor cannot have a cursor; None where it can."""
    if sensor.spec.is_pushed and parsed_position(cursor) is None:
        return (
            f"The sensor {sensor.name!r} reacts to events, and its cursor is a position in their stream, as the server"
            ' writes it: {"position":1234} handles all that comes after 1234; null handles what comes from now on.'
        )
    if sensor.spec.kind is SensorKind.MULTI_ASSET and parsed_cursors(cursor) is None:
        return (
            f"The sensor {sensor.name!r} watches several assets, and its cursor says what it has consumed of each:"
            """ {"AssetKey(['orders'])":[null,1234,{}]} up to the event 1234, of no partition; null consumes nothing."""
        )
    return None


def _conflict(cursor: Cursor, expected: int | None) -> CursorConflict:
    message = f"The cursor has version {cursor.version}, not {expected}; read it and decide anew."
    return CursorConflict(message=message, path=["expectedVersion"], current=SensorCursor(facts=cursor))


async def _change(
    info: Info, mutation: str, given: AnySensorInput, change: Callable[[Any, UUID], Awaitable[MutationError | None]]
) -> SensorPayload:
    """Apply `change` in one short transaction, and return the sensor as it is now."""
    key = ids.decode_uuid("Sensor", given.sensor_id)

    async def effect(connection: Any) -> UUID | MutationError:
        return await change(connection, key) or key

    outcome = await once(info.context, mutation, given, UUID, effect)
    error = outcome if isinstance(outcome, MutationError) else None
    if isinstance(error, NotFound):
        return SensorPayload(errors=[error])
    return SensorPayload(sensor=await _read_anew(info, key), errors=[] if error is None else [error])


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

        async def start(connection: Any, key: UUID) -> MutationError | None:
            done = await statuses.switch(connection, [key], SensorStatus.RUNNING, info.context.actor)
            return None if done else no_sensor(input.sensor_id)

        return await _change(info, "startSensor", input, start)

    @mutation("Have a sensor evaluated no more; its cursor and all else stay as they are.")
    async def stop_sensor(
        self,
        info: Info,
        input: Annotated[StopSensorInput, strawberry.argument(description="Which sensor.")],  # noqa: A002
    ) -> SensorPayload:
        """Stop it."""

        async def stop(connection: Any, key: UUID) -> MutationError | None:
            done = await statuses.switch(connection, [key], SensorStatus.STOPPED, info.context.actor, input.note)
            return None if done else no_sensor(input.sensor_id)

        return await _change(info, "stopSensor", input, stop)

    @mutation("Give a sensor the status that its code says; its cursor and all else stay.")
    async def reset_sensor(
        self,
        info: Info,
        input: Annotated[ResetSensorInput, strawberry.argument(description="Which sensor.")],  # noqa: A002
    ) -> SensorPayload:
        """Reset it."""

        async def reset(connection: Any, key: UUID) -> MutationError | None:
            return None if await statuses.reset(connection, [key]) else no_sensor(input.sensor_id)

        return await _change(info, "resetSensor", input, reset)

    @mutation("Set or clear a sensor's cursor, if it still has the version expected.")
    async def set_sensor_cursor(
        self,
        info: Info,
        input: Annotated[SetSensorCursorInput, strawberry.argument(description="The sensor and its cursor.")],  # noqa: A002
    ) -> SensorPayload:
        """Compare and set it."""

        async def edit(connection: Any, key: UUID) -> MutationError | None:
            actor = info.context.actor
            if input.cursor is not None:
                known = (await sensors.by_ids(connection, [key])).get(key)
                if known is not None and (refusal := _refusal(known.sensor, input.cursor)) is not None:
                    return WrongState(message=refusal, path=["cursor"])
            if await cursors.edit(connection, key, input.cursor, input.expected_version, actor) is not None:
                return None
            seen = (await sensors.by_ids(connection, [key])).get(key)
            if seen is None:
                return no_sensor(input.sensor_id)
            return _conflict(seen.sensor.cursor, input.expected_version)

        payload = await _change(info, "setSensorCursor", input, edit)
        reached(Point.CURSOR_EDITED)
        return payload
