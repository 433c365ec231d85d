"""Around every mutation: what its caller cannot see is hidden from it, and what became of it is told in the audit log.

An effect and its entry are one transaction (`idempotency.once` tells it there); what came to nothing is told here.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar
from uuid import UUID

import msgspec
import strawberry
from graphql import GraphQLError
from strawberry.utils.str_converters import to_camel_case

from vedette.domain.audit import DONE, REPEATED, Attempt
from vedette.errors import DatabaseError
from vedette.graphql import ids
from vedette.graphql.context import Context
from vedette.graphql.errors import INTERNAL, UNAVAILABLE
from vedette.graphql.mutations.hiding import hide, named
from vedette.storage.access import audit_log
from vedette.telemetry import metrics

logger = logging.getLogger(__name__)

T = TypeVar("T")

# What is kept of a text, and of a list, that somebody gave.
LONGEST_TEXT = 1000
LONGEST_LIST = 100
# The log says what was asked for; by which key a client can repeat it is the client's.
# What is secret in a run config only its job tells: see `also_given`.
_LEFT_OUT = frozenset({"idempotency_key", "run_config"})
# Mutations of which nothing is known to be no secret, where they were not even looked at.
_CONFIDING = frozenset({"launchRun"})
# Which ids of an input say what it is about: the first that is given.
_SUBJECTS = ("sensor_id", "run_id", "job_id", "code_location_id", "token_id", "tick_id", "run_limit_id")


async def attempted(context: Context, mutation: str, given: Any, act: Callable[[], Awaitable[T]]) -> T:
    """Have a mutation act on its input, and tell in the audit log what came of it."""
    attempt = context.attempt = _attempt(context, mutation, given)
    if context.is_confined:
        await hide(context, given)
    try:
        payload = await act()
    except Exception as error:
        _count(attempt, _code(error))
        await _tell(context, attempt, _code(error))
        raise
    if attempt.is_told and not attempt.is_forwarded:
        await forwarded(context)
    errors: Sequence[object] = getattr(payload, "errors", ())
    result = type(errors[0]).__name__ if errors else DONE if attempt.is_told else REPEATED
    _count(attempt, result)
    if result != DONE:
        await _tell(context, attempt, result)
    return payload


def _count(attempt: Attempt, result: str) -> None:
    metrics.API_MUTATIONS.labels(attempt.mutation, result).inc()


async def begin(context: Context, connection: Any) -> None:
    """Note how the subject of the attempt is before its effect, in the effect's transaction."""
    if context.attempt is not None:
        context.attempt.before = await audit_log.facts(connection, context.attempt)


def telling(context: Context) -> Attempt | None:
    """Return the attempt for a statement that tells its effect itself."""
    if context.attempt is not None:
        context.attempt.is_told = True
    return context.attempt


def also_given(context: Context, name: str, value: Any) -> None:
    """Have the entry tell what else was given, as people may see it."""
    if context.attempt is not None:
        context.attempt.given[name] = _kept(value)


async def done(context: Context, connection: Any, made: tuple[str, object] | None) -> None:
    """Tell the effect of the attempt, in its transaction; `made` is the type and key of what it made, if anything."""
    attempt = context.attempt
    if attempt is None or attempt.is_told:
        return
    if made is not None and isinstance(made[1], UUID):
        attempt.subject = (made[0], made[1])
    await audit_log.add(connection, attempt, DONE)
    attempt.is_told = True


async def forwarded(context: Context) -> None:
    """Have what the attempt did show in the streams, once that is committed."""
    await context.relay.forward()
    if context.attempt is not None:
        context.attempt.is_forwarded = True


async def refused(context: Context, mutations: Sequence[str], variables: dict[str, Any], code: str) -> None:
    """Tell of mutations that their caller may not even try."""
    given = {} if _CONFIDING.intersection(mutations) else _kept(variables)
    for mutation in mutations:
        attempt = Attempt(mutation, given, context.actor, context.caller.address)
        _count(attempt, code)
        await _tell(context, attempt, code)


def _attempt(context: Context, mutation: str, given: Any) -> Attempt:
    subject = None
    for name in _SUBJECTS:
        value = getattr(given, name, None)
        if isinstance(value, str):
            kind, key = named(value)
            subject = (kind, ids.as_uuid(key, value)) if kind else None
            break
    return Attempt(mutation, _kept(strawberry.asdict(given)), context.actor, context.caller.address, subject)


def _kept(value: Any) -> Any:
    """Return what of an input is kept: named as the schema names it, and no longer than people can read."""
    if isinstance(value, dict):
        return {to_camel_case(str(name)): _kept(each) for name, each in value.items() if name not in _LEFT_OUT}
    if isinstance(value, list | tuple):
        return [_kept(each) for each in value[:LONGEST_LIST]]
    if isinstance(value, str):
        return value if len(value) <= LONGEST_TEXT else f"{value[:LONGEST_TEXT]}…"
    return msgspec.to_builtins(value)


def _code(error: Exception) -> str:
    if isinstance(error, GraphQLError):
        return str((error.extensions or {}).get("code", INTERNAL))
    return UNAVAILABLE if isinstance(error, DatabaseError) else INTERNAL


async def _tell(context: Context, attempt: Attempt, result: str) -> None:
    try:
        async with context.database.writing_at_once() as connection:
            await audit_log.add(connection, attempt, result)
    except DatabaseError as error:
        # It had no effect; an answer that says so is worth more than none.
        logger.warning("%s of %s (%s) is not in the audit log: %s", attempt.mutation, attempt.actor, result, error)
        return
    await context.relay.forward()
