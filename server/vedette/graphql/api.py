"""The API as the protocols use it: what is asked is checked, then answered once or followed; answers are ready to send.

Nothing here knows of HTTP or websockets.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any, NamedTuple

import msgspec
from graphql import GraphQLError, OperationType
from strawberry.types.execution import ExecutionResult, PreExecutionError

from vedette.access.authority import EVERYBODY, Authority, Caller
from vedette.access.quotas import Account, Charge, Quotas
from vedette.graphql.context import Context
from vedette.graphql.documents.counts import count
from vedette.graphql.documents.deprecated_counts import DeprecatedCounts
from vedette.graphql.documents.operation_names import OperationNames
from vedette.graphql.documents.operations import counted, flaws, without_suggestion
from vedette.graphql.documents.permissions import is_personal, permit, root_fields, sharing_key
from vedette.graphql.documents.prices import Prices
from vedette.graphql.documents.profiles import Profiles
from vedette.graphql.documents.requests import Operation, Refused, Request, operation_of
from vedette.graphql.documents.trusted_documents import TrustedDocuments
from vedette.graphql.errors import (
    MORE_ERRORS,
    TIMEOUT,
    UNAVAILABLE,
    RequestError,
    count_errors,
    presentable,
)
from vedette.graphql.mutations import attempts
from vedette.graphql.schema import schema
from vedette.graphql.streams.broadcasts import Broadcasts
from vedette.graphql.streams.items import Item, refusal
from vedette.graphql.streams.passing_time import PassingTime
from vedette.graphql.streams.patience import Interrupted
from vedette.graphql.streams.stretches import Stretch
from vedette.graphql.together import Together
from vedette.telemetry import metrics, tracing
from vedette.telemetry.tracing import Span, Trace

logger = logging.getLogger(__name__)

ANYBODY = Caller()


class Answer(NamedTuple):
    """The answer to a query or mutation; `is_executed` tells that it got as far as its fields.

    `outcome` is what metrics call it: ok, errors, timeout, or unavailable where the database did not answer. `objects`
    is how many it has; None where that is not known.
    """

    body: bytes
    is_executed: bool
    outcome: str
    objects: int | None = None

    def extended(self, extensions: Mapping[str, Any]) -> "Answer":
        """Return it with what is told to one client alone: the body is shared by all who asked the same."""
        return self._replace(body=b'%b,"extensions":%b}' % (self.body[:-1], msgspec.json.encode(extensions)))


class Api:
    """One server's API. Its subscriptions, and queries at the same time, are executed once for all who ask the same."""

    def __init__(self, context: Context, trusted: TrustedDocuments) -> None:
        self._context = context
        self._trusted = trusted
        self._broadcasts = Broadcasts(self._items, context.settings.max_buffered_items)
        self._together: Together[Answer] = Together()
        self._prices = Prices(schema._schema, context.limits)
        self._names = OperationNames(trusted.operation_names)
        self._profiles = Profiles(schema._schema, context.limits.max_tokens)
        self._deprecated = DeprecatedCounts(context.database, context.settings.poll_seconds)
        self._quotas = Quotas(context.settings)

    def account(self, caller: Caller) -> Account | None:
        """Return what a caller may have, and has used of it; None where nothing limits them."""
        return self._quotas.of(caller.authority)

    def operation(self, request: Request, caller: Caller = ANYBODY) -> Operation:
        """Return the operation that a request asks for, charged to the caller.

        Raises Refused for one that cannot be executed, TooMany where the caller has asked for too much lately.
        """
        account = self.account(caller)
        if account is not None:
            # What is refused costs the server something too.
            account.requests.take(1)
        try:
            operation = self._checked(request)
            return operation._replace(charge=Charge(account, operation.cost))
        except Refused as refused:
            metrics.API_REFUSED.labels(str((refused.errors[0].extensions or {}).get("code"))).inc()
            if self._context.limits.tells_schema_to(caller.authority.role):
                raise
            raise Refused(*map(without_suggestion, refused.errors)) from None

    def _checked(self, request: Request) -> Operation:
        limits = self._context.limits
        try:
            text = self._trusted.text(request)
            operation = operation_of(text, request.operation_name, request.variables, limits.max_tokens)
        except GraphQLError as error:
            raise Refused(presentable(error)) from None
        found: Sequence[GraphQLError] = flaws(schema._schema, text, limits)
        if not found:
            operation, found = self._prices.priced(operation)
        if found:
            raise Refused(*_fitting([presentable(error) for error in found], limits.max_errors))
        return operation

    @property
    def passing_time(self) -> PassingTime:
        """Return what looks for what no commit announces, to be entered while the server runs."""
        return self._context.passing_time

    @property
    def deprecated_counts(self) -> DeprecatedCounts:
        """Return what counts who uses what is deprecated, to be entered while the server runs."""
        return self._deprecated

    @property
    def shared_executions(self) -> int:
        """Return how many subscriptions are executed now, each for all that follow it."""
        return len(self._broadcasts)

    async def answer(self, operation: Operation, caller: Caller = ANYBODY) -> Answer:
        """Answer a query or a mutation: a mutation by itself, a query together with those that ask the same.

        Raises Refused for what the caller may not do.
        """
        above = tracing.current.get() or Trace.new()
        place, began, at = above.child(), time.monotonic(), time.time()
        token = tracing.current.set(place)
        try:
            answer = await self._settled(operation, caller, place.trace_id)
        finally:
            tracing.current.reset(token)
        name, kind = self._names.of(operation), operation.kind.value
        metrics.API_OPERATIONS.labels(name, kind, answer.outcome).inc()
        metrics.API_SECONDS.labels(name, kind).observe(time.monotonic() - began)
        self._note(operation, caller)
        self._emit(operation, (above, place), at, None if answer.outcome == "ok" else answer.outcome)
        return answer

    def _emit(self, operation: Operation, places: tuple[Trace, Trace], began: float, error: str | None = None) -> None:
        """Emit the span of an operation that has ended, whose place is the second, below the first."""
        above, place = places
        if tracing.wants(place.trace_id):
            name, kind = self._names.of(operation), operation.kind.value
            about = {"graphql.operation.name": name, "graphql.operation.type": kind}
            parent = above.span_id or None
            tracing.emit(Span(f"{kind} {name}", place, parent, began, time.time(), about, error, "SERVER"))

    def _note(self, operation: Operation, caller: Caller) -> None:
        """Count what an operation that is executed asks for."""
        profile = self._profiles.of(operation)
        metrics.API_DEPTH.note(profile.depth)
        metrics.API_COST.note(operation.cost)
        used = profile.uses.with_variables(operation.variables)
        if used:
            self._deprecated.count(used, caller)

    async def _settled(self, operation: Operation, caller: Caller, trace_id: str) -> Answer:
        """Return the answer, with what it cost and its trace; who hangs up before has paid for what was asked."""
        charge = operation.charge
        try:
            answer = await self._permitted(operation, caller)
        except Refused:
            charge.settle(0)
            raise
        actual = None if answer.objects is None else operation.effects * answer.is_executed + answer.objects
        if actual is not None:
            charge.settle(actual)
        left = charge.level
        return answer.extended(
            {
                "cost": {
                    "requested": operation.cost,
                    "actual": actual,
                    "remaining": None if left is None else left.left,
                    "most": self._context.limits.max_cost,
                },
                "traceId": trace_id,
            }
        )

    async def _permitted(self, operation: Operation, caller: Caller) -> Answer:
        try:
            permit(operation, caller.authority, self._context.limits)
        except Refused as refused:
            await self._tell_refused(operation, caller, refused)
            raise
        if operation.kind is not OperationType.QUERY:
            answer = await self._executed(operation, caller)
            if operation.kind is OperationType.MUTATION:
                logger.info("Mutation %s: %s.", self._names.of(operation), answer.outcome)
            return answer
        shared = sharing_key(operation, caller.authority, self._context.limits)
        key = (shared, operation.key())
        return await self._together.answer(key, lambda: self._executed(operation, caller))

    def _context_of(self, operation: Operation, caller: Caller) -> Context:
        # A query tells nobody from where it was asked: the context of everybody will do, and is there.
        is_query = operation.kind is OperationType.QUERY
        if caller.authority is EVERYBODY and is_query and not is_personal(operation, self._context.limits):
            return self._context
        context = self._context.asked_by(caller)
        context.charge = operation.charge
        return context

    async def _tell_refused(self, operation: Operation, caller: Caller, refused: Refused) -> None:
        if operation.kind is OperationType.MUTATION:
            fields = root_fields(operation, self._context.limits)
            code = str((refused.errors[0].extensions or {}).get("code"))
            await attempts.refused(self._context.asked_by(caller), fields, operation.variables, code)

    async def _executed(self, operation: Operation, caller: Caller) -> Answer:
        seconds = self._context.settings.execution_seconds
        try:
            async with asyncio.timeout(seconds):
                result = await schema.execute(
                    operation.text,
                    operation.variables,
                    self._context_of(operation, caller),
                    operation_name=operation.name,
                )
        except TimeoutError:
            said = f"The operation took more than {seconds:g} s (execution_seconds); ask for less at a time."
            error = RequestError(TIMEOUT, said, limit="execution_seconds", most=seconds)
            count_errors([error])
            return Answer(msgspec.json.encode({"data": None, "errors": [error.formatted]}), True, "timeout")
        assert isinstance(result, ExecutionResult)
        # Variables that do not fit are told without a path, before any field is executed.
        is_executed = result.data is not None or any(error.path is not None for error in result.errors or ())
        fields = counted(schema._schema, operation.text, operation.name, self._context.limits.max_tokens)
        objects = count(fields, [result.data]) if result.data else 0
        return Answer(_encoded(self._body(result, is_executed)), is_executed, _outcome(result), objects)

    async def follow(
        self, operation: Operation, after: int | None = None, caller: Caller = ANYBODY
    ) -> AsyncGenerator[Sequence[Item], None]:
        """Yield what a subscription tells, from `after` or else what the operation says, in batches as they come."""
        try:
            permit(operation, caller.authority, self._context.limits)
        except Refused as refused:
            yield [refusal(*refused.errors)]
            return
        try:
            position = operation.resume_after() if after is None else after
        except RequestError as error:
            yield [refusal(error)]
            return
        metrics.API_OPERATIONS.labels(self._names.of(operation), operation.kind.value, "begun").inc()
        self._note(operation, caller)
        above, began = tracing.current.get() or Trace.new(), time.time()
        try:
            async with aclosing(self._broadcasts.follow(caller.authority, operation, position)) as batches:
                async for batch in batches:
                    yield batch
        finally:
            # However long it was followed.
            self._emit(operation, (above, above.child()), began)

    async def _items(self, authority: Authority, operation: Operation, stretch: Stretch) -> AsyncGenerator[Item, None]:
        """Execute a subscription for the stretch; yield what is sent to its followers. Raises Interrupted."""
        context = self._context.asked_by(Caller(authority)).covering(stretch)
        results = await schema.stream(operation.text, operation.variables, context, operation_name=operation.name)
        async with aclosing(results):
            async for result in results:
                assert isinstance(result, ExecutionResult)
                if isinstance(result, PreExecutionError):
                    yield refusal(*_fitting(result.errors or [], context.limits.max_errors))
                elif _is_unavailable(result.errors or []):
                    # An item without what could not be read would be passed over for ever.
                    raise Interrupted
                else:
                    yield Item(
                        stretch.at, _encoded(self._body(result, True)).decode(), committed_at=stretch.committed_at
                    )
                    stretch.at = None

    def _body(self, result: ExecutionResult, is_executed: bool) -> dict[str, Any]:
        body: dict[str, Any] = {"data": result.data} if is_executed else {}
        if result.errors:
            fitting = _fitting(result.errors, self._context.limits.max_errors)
            count_errors(fitting)
            body["errors"] = [error.formatted for error in fitting]
        return body


def _encoded(body: dict[str, Any]) -> bytes:
    return msgspec.json.encode(body)


def _outcome(result: ExecutionResult) -> str:
    if not result.errors:
        return "ok"
    tells_something = any(value is not None for value in (result.data or {}).values())
    return "unavailable" if _is_unavailable(result.errors) and not tells_something else "errors"


def _is_unavailable(errors: Sequence[GraphQLError]) -> bool:
    return any((error.extensions or {}).get("code") == UNAVAILABLE for error in errors)


def _fitting(errors: Sequence[GraphQLError], most: int) -> Sequence[GraphQLError]:
    """Return at most `most` errors, and how many there were beyond these."""
    if len(errors) <= most:
        return errors
    said = f"There were {len(errors) - most} more errors (max_errors is {most}); mend these first."
    return [*errors[:most], RequestError(MORE_ERRORS, said, limit="max_errors", most=most)]
