"""Starting, stopping and resetting many sensors: one transaction, and what became of each."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any
from uuid import UUID

import strawberry

from vedette.domain.audit import DONE
from vedette.domain.catalog import SensorStatus
from vedette.graphql import ids
from vedette.graphql.context import Context, Info
from vedette.graphql.fields import mutation
from vedette.graphql.mutations.attempts import telling
from vedette.graphql.mutations.idempotency import KeyedInput, once
from vedette.graphql.mutations.mutation_errors import InvalidInput, MutationError, NotFound
from vedette.graphql.sensors.sensor_mutations import no_sensor
from vedette.storage.access import audit_log
from vedette.storage.access.audit_log import SensorEntry
from vedette.storage.sensors import statuses

# Their rows are locked together, for less than what anybody would notice.
MOST_SENSORS = 1000

Switch = Callable[[Any, Sequence[UUID]], Awaitable[dict[UUID, SensorStatus]]]


@strawberry.input(description="Which sensors to start.")
class StartSensorsInput(KeyedInput):
    """Which sensors to start."""

    sensor_ids: list[strawberry.ID] = strawberry.field(description=f"The sensors, at most {MOST_SENSORS}.")


@strawberry.input(description="Which sensors to stop.")
class StopSensorsInput(KeyedInput):
    """Which sensors to stop."""

    sensor_ids: list[strawberry.ID] = strawberry.field(description=f"The sensors, at most {MOST_SENSORS}.")
    note: str | None = strawberry.field(default=None, description="Why; shown with the status of each.")


@strawberry.input(description="Which sensors to give the status that their code says.")
class ResetSensorsInput(KeyedInput):
    """Which sensors to give the status that their code says."""

    sensor_ids: list[strawberry.ID] = strawberry.field(description=f"The sensors, at most {MOST_SENSORS}.")


AnySensorsInput = StartSensorsInput | StopSensorsInput | ResetSensorsInput


@strawberry.type(description="What became of a change of one sensor among many.")
class SensorSwitched:
    """What became of a change of one sensor among many."""

    sensor_id: strawberry.ID = strawberry.field(description="The sensor, as it was named.")
    status: SensorStatus | None = strawberry.field(description="The status that it has now; null if it was refused.")
    error: MutationError | None = strawberry.field(description="Why it was refused; null if it was not.")


@strawberry.type(description="What became of a change of many sensors.")
class SensorsPayload:
    """What became of a change of many sensors."""

    results: list[SensorSwitched] = strawberry.field(description="What became of each, in the order of the input.")
    errors: list[MutationError] = strawberry.field(description="Why none was changed; empty if one was.")


def _flaw(given: AnySensorsInput) -> MutationError | None:
    if 1 <= len(given.sensor_ids) <= MOST_SENSORS:
        return None
    message = f"Between 1 and {MOST_SENSORS} sensors are changed at once, not {len(given.sensor_ids)}; send several."
    return InvalidInput(message=message, path=["sensorIds"])


async def _switched(
    context: Context, connection: Any, asked: dict[strawberry.ID, UUID], switch: Switch
) -> dict[UUID, SensorStatus] | MutationError:
    """Change those that exist, and tell of each in the audit log."""
    keys = list(dict.fromkeys(asked.values()))
    before = await audit_log.facts_each(connection, keys)
    now = await switch(connection, keys)
    if not now:
        message = "There is none of these sensors; `sensors` lists them all."
        return NotFound(message=message, path=["sensorIds"])
    if (attempt := telling(context)) is not None:
        entries = [
            SensorEntry(
                key,
                {**attempt.given, "sensorIds": [given]},
                before.get(key),
                DONE if key in now else NotFound.__name__,
            )
            for given, key in asked.items()
        ]
        await audit_log.add_each(connection, attempt, entries)
    return now


async def _change(info: Info, mutation: str, given: AnySensorsInput, switch: Switch) -> SensorsPayload:
    """Apply `switch` to all of them in one short transaction."""
    if (flaw := _flaw(given)) is not None:
        return SensorsPayload(results=[], errors=[flaw])
    asked = {one: ids.decode_uuid("Sensor", one) for one in given.sensor_ids}

    async def effect(connection: Any) -> dict[UUID, SensorStatus] | MutationError:
        return await _switched(info.context, connection, asked, switch)

    outcome = await once(info.context, mutation, given, dict[UUID, SensorStatus], effect)
    if isinstance(outcome, MutationError):
        return SensorsPayload(results=[], errors=[outcome])
    results = [
        SensorSwitched(sensor_id=one, status=status, error=no_sensor(one) if status is None else None)
        for one, status in ((one, outcome.get(asked[one])) for one in given.sensor_ids)
    ]
    return SensorsPayload(results=results, errors=[])


@strawberry.type
class SensorBulkMutations:
    """Fields of Mutation."""

    @mutation("Have sensors evaluated from now on; their cursors and all else stay as they are.")
    async def start_sensors(
        self,
        info: Info,
        input: Annotated[StartSensorsInput, strawberry.argument(description="Which sensors.")],  # noqa: A002
    ) -> SensorsPayload:
        """Start them."""

        async def start(connection: Any, keys: Sequence[UUID]) -> dict[UUID, SensorStatus]:
            return await statuses.switch(connection, keys, SensorStatus.RUNNING, info.context.actor)

        return await _change(info, "startSensors", input, start)

    @mutation("Have sensors evaluated no more; their cursors and all else stay as they are.")
    async def stop_sensors(
        self,
        info: Info,
        input: Annotated[StopSensorsInput, strawberry.argument(description="Which sensors.")],  # noqa: A002
    ) -> SensorsPayload:
        """Stop them."""

        async def stop(connection: Any, keys: Sequence[UUID]) -> dict[UUID, SensorStatus]:
            return await statuses.switch(connection, keys, SensorStatus.STOPPED, info.context.actor, input.note)

        return await _change(info, "stopSensors", input, stop)

    @mutation("Give sensors the status that their code says; their cursors and all else stay.")
    async def reset_sensors(
        self,
        info: Info,
        input: Annotated[ResetSensorsInput, strawberry.argument(description="Which sensors.")],  # noqa: A002
    ) -> SensorsPayload:
        """Reset them."""
        return await _change(info, "resetSensors", input, statuses.reset)
