"""Loading code locations anew."""

import asyncio
from contextlib import suppress
from typing import Annotated, Any
from uuid import UUID

import strawberry

from vedette.bus import Listener, topics
from vedette.graphql import ids
from vedette.graphql.catalog.code_locations import CodeLocation, code_location
from vedette.graphql.context import Context, Info
from vedette.graphql.enums import WorkerRole
from vedette.graphql.fields import mutation
from vedette.graphql.instance import patience
from vedette.graphql.mutations.idempotency import KeyedInput, once
from vedette.graphql.mutations.mutation_errors import EvaluatorUnavailable, MutationError, NotFound
from vedette.storage import instance
from vedette.storage.catalog import code_locations
from vedette.storage.catalog.code_locations import CodeLocationSeen

# How often to look without a knock, in seconds; somebody waits for the answer.
LOOK_SECONDS = 0.5


@strawberry.input(description="Which code location to load anew.")
class ReloadCodeLocationInput(KeyedInput):
    """Which code location to load anew."""

    code_location_id: strawberry.ID = strawberry.field(description="The code location.")


@strawberry.type(description="What became of a reload.")
class CodeLocationPayload:
    """What became of a reload."""

    code_location: CodeLocation | None = strawberry.field(
        default=None, description="The code location as it was loaded; its `error` tells if it could not be."
    )
    errors: list[MutationError] = strawberry.field(description="Why it was not loaded anew; empty if it was.")


async def _loaded(context: Context, key: UUID, asked: int) -> CodeLocationSeen | None:
    """Wait until reload number `asked` is done; None if that takes too long, or nobody is there who could do it."""
    settings = context.settings
    with context.bus.listen(topics.CODE_LOCATIONS) as listener:
        context.bus.knock(topics.CODE_LOCATIONS)
        seen = await _until_loaded(context, listener, key, asked, settings.evaluation_wait_seconds)
        if seen is None and await _is_served(context):
            seen = await _until_loaded(context, listener, key, asked, settings.load_timeout_seconds)
    return seen


async def _until_loaded(
    context: Context, listener: Listener, key: UUID, asked: int, timeout: float
) -> CodeLocationSeen | None:
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout):
            while True:
                async with context.database.reading() as connection:
                    seen = (await code_locations.by_ids(connection, [key])).get(key)
                if seen is None or seen.reload_done >= asked:
                    return seen
                await listener.wait(LOOK_SECONDS)
    return None


async def _is_served(context: Context) -> bool:
    async with context.database.reading() as connection:
        workers = await instance.workers(connection, patience(context.settings))
    return any(worker.healthy and worker.role != WorkerRole.SERVE for worker in workers)


@strawberry.type
class CodeLocationMutations:
    """Fields of Mutation."""

    @mutation("Load a code location anew, and wait until that is done.")
    async def reload_code_location(
        self,
        info: Info,
        input: Annotated[ReloadCodeLocationInput, strawberry.argument(description="Which one.")],  # noqa: A002
    ) -> CodeLocationPayload:
        """Ask whoever serves it, and wait."""
        key = ids.decode_uuid("CodeLocation", input.code_location_id)

        async def ask(connection: Any) -> int | MutationError:
            asked = await code_locations.ask_reload(connection, key)
            message = f"There is no code location {input.code_location_id}; `codeLocations` lists them all."
            return NotFound(message=message, path=["codeLocationId"]) if asked is None else asked

        asked = await once(info.context, "reloadCodeLocation", input, int, ask)
        if isinstance(asked, MutationError):
            return CodeLocationPayload(errors=[asked])
        seen = await _loaded(info.context, key, asked)
        if seen is None:
            message = "Nobody who serves this code location loaded it in time; is an evaluator running?"
            return CodeLocationPayload(errors=[EvaluatorUnavailable(message=message)])
        return CodeLocationPayload(code_location=code_location(seen), errors=[])
