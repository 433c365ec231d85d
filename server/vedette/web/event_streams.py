"""Subscriptions as Server-Sent Events: graphql-sse in the mode of distinct connections, one operation a request.

Each event's id is its position, so that a client which comes back with `Last-Event-ID` goes on from there. One request
may also name several operations, as browsers open few connections to a server: then each event's data tells which of
them it is about, and positions are given in their variables.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import ExitStack, aclosing
from typing import NamedTuple

import msgspec
from graphql import OperationType
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from vedette.access.authenticator import ENDED, Authenticator, Unauthenticated
from vedette.access.authority import Caller
from vedette.access.rooms import TooMany
from vedette.errors import DatabaseError
from vedette.graphql.api import Api
from vedette.graphql.documents.requests import Operation, Refused
from vedette.graphql.errors import UNAUTHENTICATED, RequestError, limit_exceeded, unexpected
from vedette.graphql.scalars import parse_position
from vedette.graphql.streams.items import Item, delivered, refusal
from vedette.settings import Settings
from vedette.telemetry import metrics
from vedette.web import answers, parameters
from vedette.web.admission import Admission
from vedette.web.credentials import caller_of
from vedette.web.graphql_over_http import asked
from vedette.web.hangups import hung_up
from vedette.web.negotiation import EVENT_STREAM, chosen

Batches = AsyncGenerator[Sequence[Item], None]


class Stream(NamedTuple):
    """What one operation tells, and its id where the request has several."""

    batches: Batches
    id: str | None = None

    def told(self, item: Item) -> bytes:
        """Return the event of an item."""
        payload = f'{{"errors":{item.payload}}}' if item.is_refusal else item.payload
        if self.id is not None:
            return f'event: next\ndata: {{"id":{_quoted(self.id)},"payload":{payload}}}\n\n'.encode()
        place = "" if item.position is None else f"id: {item.position}\n"
        return f"event: next\n{place}data: {payload}\n\n".encode()

    @property
    def complete(self) -> bytes:
        """Return the event of its end."""
        data = "" if self.id is None else f' {{"id":{_quoted(self.id)}}}'
        return f"event: complete\ndata:{data}\n\n".encode()


HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
]
KEEP_ALIVE = b":\n\n"


class EventStreams:
    """The endpoint /graphql/stream."""

    def __init__(self, api: Api, admission: Admission, access: Authenticator, settings: Settings) -> None:
        self._api = api
        self._admission = admission
        self._access = access
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one stream until it ends, its client hangs up or the server stops."""
        request = Request(scope, receive)
        with ExitStack() as room:
            refused = _refused_media(request) or (answers.draining() if self._admission.is_draining else None)
            try:
                if refused is None:
                    caller = await caller_of(self._access, scope)
                    ended = room.enter_context(self._access.holding(caller))
                    streams = await self._admitted(request, caller, room)
            except Unauthenticated as error:
                refused = answers.unauthenticated(error)
            except DatabaseError:
                refused = answers.unavailable()
            except parameters.BadParameters as error:
                refused = answers.refusal(400, "BAD_REQUEST", str(error))
            except RequestError as error:
                refused = answers.errors(400, [error.formatted])
            except TooMany as found:
                refused = answers.overloaded(found)
            if refused is None:
                await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
                with metrics.API_OPEN.labels("event_streams").track_inprogress():
                    await self._stream(streams, ended, receive, send)
                return
        await refused(scope, receive, send)

    async def _admitted(self, request: Request, caller: Caller, room: ExitStack) -> list[Stream]:
        """Return what to tell. Raises BadParameters, RequestError and TooMany."""
        several = None
        if request.method == "POST":
            several = parameters.several_of_body(await request.body())
        if several is None:
            wanted = await asked(request)
            room.enter_context(self._admission.connections.one())
            last = request.headers.get("last-event-id")
            return [Stream(self._batches(wanted, last, request.method, caller, room))]
        most = self._settings.max_subscriptions_per_connection
        if len(several) > most:
            raise limit_exceeded("max_subscriptions_per_connection", most, f"The request has {len(several)} operations")
        room.enter_context(self._admission.connections.one())
        return [Stream(self._batches(one, None, request.method, caller, room), one.id) for one in several]

    def _batches(
        self, wanted: parameters.Request, last: str | None, method: str, caller: Caller, room: ExitStack
    ) -> Batches:
        """Return what one operation tells, after the position `last` or else the one it gives itself."""
        try:
            after = parse_position(last) if last else None
            operation = self._api.operation(wanted, caller)
        except Refused as refused:
            return _once(refusal(*refused.errors))
        except RequestError as error:
            return _once(refusal(error))
        if method == "GET" and operation.kind is OperationType.MUTATION:
            raise parameters.BadParameters("Mutations need POST.")
        room.enter_context(self._admission.one(operation))
        if operation.kind is OperationType.SUBSCRIPTION:
            return self._api.follow(operation, after, caller)
        return self._answered(operation, caller)

    async def _answered(self, operation: Operation, caller: Caller) -> Batches:
        try:
            answer = await self._api.answer(operation, caller)
        except Refused as refused:
            yield [refusal(*refused.errors)]
        else:
            yield [Item(None, answer.body.decode())]

    async def _stream(self, streams: Sequence[Stream], ended: asyncio.Event, receive: Receive, send: Send) -> None:
        async with asyncio.TaskGroup() as tasks:
            client = tasks.create_task(hung_up(receive), name="client")
            ends = {
                client,
                tasks.create_task(self._admission.until_draining(), name="draining"),
                tasks.create_task(ended.wait(), name="end of access"),
            }
            telling = {tasks.create_task(_tell(stream, send), name="operation") for stream in streams}
            begun = {*ends, *telling, tasks.create_task(self._keep_alive(send), name="keep-alive")}
            while telling and not any(task.done() for task in ends):
                _, waiting = await asyncio.wait({*telling, *ends}, return_when=asyncio.FIRST_COMPLETED)
                telling &= waiting
            is_open, is_cut = not client.done(), ended.is_set() and bool(telling)
            for task in begun:
                task.cancel()
        if is_cut and is_open:
            cut = refusal(RequestError(UNAUTHENTICATED, ENDED))
            await _write(send, b"".join(stream.told(cut) + stream.complete for stream in streams))
        if is_open:
            await _write(send, b"", is_last=True)

    async def _keep_alive(self, send: Send) -> None:
        while True:
            await _write(send, KEEP_ALIVE)
            await asyncio.sleep(self._settings.keep_alive_seconds)


def _refused_media(request: Request) -> Response | None:
    if chosen(request.headers.get("accept"), (EVENT_STREAM,)) is not None:
        return None
    return answers.refusal(406, "NOT_ACCEPTABLE", f"Answers here are {EVENT_STREAM}; others are at /graphql.")


async def _once(item: Item) -> Batches:
    yield [item]


async def _tell(stream: Stream, send: Send) -> None:
    try:
        async with aclosing(stream.batches):
            async for batch in stream.batches:
                await _write(send, b"".join(map(stream.told, batch)))
                delivered(batch)
    except Exception as error:
        # It is of this operation alone; the others go on.
        await _write(send, stream.told(refusal(unexpected(error))))
    await _write(send, stream.complete)


def _quoted(text: str) -> str:
    return msgspec.json.encode(text).decode()


async def _write(send: Send, body: bytes, *, is_last: bool = False) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": not is_last})
