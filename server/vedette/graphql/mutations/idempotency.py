"""Mutations that can be sent again: the one way in which each of them takes its effect.

The effect and its idempotency key are one transaction. A key is spent by an effect: a mutation that came to nothing
but errors is free to be tried again with it.
"""

import hashlib
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec
import strawberry

from vedette.graphql.context import Context
from vedette.graphql.mutations.attempts import begin, done, forwarded
from vedette.graphql.mutations.mutation_errors import IdempotencyKeyReused, InvalidInput, MutationError
from vedette.storage import idempotency

LONGEST_KEY = 255

Outcome = TypeVar("Outcome")


@strawberry.input
class KeyedInput:
    """What the inputs of all mutations have."""

    idempotency_key: str | None = strawberry.field(
        default=None,
        description="Makes it safe to send the mutation again: for 24 hours, the same input with the same key takes "
        "effect once and has the same outcome. At most 255 characters; a random UUID is a good one.",
    )


class _CameToNothing(Exception):
    """Rolls back a transaction that had no effect."""

    def __init__(self, error: MutationError) -> None:
        self.error = error


async def once(
    context: Context,
    mutation: str,
    given: KeyedInput,
    kind: type[Outcome],
    effect: Callable[[Any], Awaitable[Outcome | MutationError]],
    *,
    alone: bool = False,
    makes: str | None = None,
) -> Outcome | MutationError:
    """Have `effect` act in one transaction and return its outcome, or the outcome of the twin that went before.

    `mutation` is its name. What `effect` returns is kept as JSON and read as `kind`; where that is an error, what it
    wrote is rolled back. One that is a single statement or nothing may be `alone`: without a key it is a transaction by
    itself, and has to tell itself in the audit log. `makes` is the type of what the outcome is the key of, if it is
    new.
    """
    outcome = await _spend(context, mutation, given, kind, effect, alone, makes)
    # One that is alone waits for an answer that others are to give: meanwhile is time enough.
    if not alone and not isinstance(outcome, MutationError):
        await forwarded(context)
    return outcome


async def _spend(
    context: Context,
    mutation: str,
    given: KeyedInput,
    kind: type[Outcome],
    effect: Callable[[Any], Awaitable[Outcome | MutationError]],
    alone: bool,
    makes: str | None,
) -> Outcome | MutationError:
    key = given.idempotency_key
    if key is not None and not 1 <= len(key) <= LONGEST_KEY:
        return InvalidInput(message=f"An idempotency key has 1 to {LONGEST_KEY} characters.", path=["idempotencyKey"])
    try:
        writing = context.database.writing_at_once if alone and key is None else context.database.writing
        async with writing() as connection:
            if key is None:
                return await _told(context, connection, effect, makes, alone)
            digest = _digest(mutation, given)
            spent = await idempotency.reserve(connection, context.actor, key, digest)
            if spent is None:
                outcome = await _told(context, connection, effect, makes, alone)
                await idempotency.settle(connection, context.actor, key, msgspec.json.encode(outcome))
                return outcome
    except _CameToNothing as nothing:
        return nothing.error
    if spent.digest != digest:
        message = f"The idempotency key {key!r} was used for another input; use a new key for each new wish."
        return IdempotencyKeyReused(message=message, path=["idempotencyKey"])
    return msgspec.json.decode(spent.outcome, type=kind)


async def give_back(connection: Any, context: Context, given: KeyedInput, outcome: object) -> None:
    """Make the key free again: its effect, `outcome`, was undone in this transaction."""
    if given.idempotency_key is not None:
        encoded = msgspec.json.encode(outcome)
        await idempotency.release(connection, context.actor, given.idempotency_key, encoded)


async def _told(
    context: Context,
    connection: Any,
    effect: Callable[[Any], Awaitable[Outcome | MutationError]],
    makes: str | None,
    alone: bool,
) -> Outcome:
    """Take effect, and tell it in the audit log."""
    if not alone:
        await begin(context, connection)
    outcome = await effect(connection)
    if isinstance(outcome, MutationError):
        raise _CameToNothing(outcome)
    await done(context, connection, None if makes is None else (makes, outcome))
    return outcome


def _digest(mutation: str, given: KeyedInput) -> str:
    fields = strawberry.asdict(given) | {"idempotency_key": None}
    encoded = msgspec.json.encode([mutation, fields], order="deterministic")
    return hashlib.sha256(encoded).hexdigest()
