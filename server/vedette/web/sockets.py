"""Websockets: the protocol graphql-transport-ws, and nothing older."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import ExitStack, aclosing, suppress

from graphql import OperationType
from starlette.types import Receive, Scope, Send

from vedette.access.authenticator import ENDED, Authenticator, Unauthenticated
from vedette.access.authority import UNNAMED, Caller
from vedette.access.rooms import TooMany
from vedette.domain.access import Lapse
from vedette.errors import DatabaseError
from vedette.graphql.api import Api
from vedette.graphql.documents.requests import Refused
from vedette.graphql.errors import limit_exceeded, too_many, unexpected
from vedette.graphql.streams.items import Item, delivered, refusal
from vedette.settings import Settings
from vedette.telemetry import metrics
from vedette.telemetry.tracing import Trace, current
from vedette.web import socket_messages as messages
from vedette.web.admission import Admission
from vedette.web.credentials import address, client_in_payload, client_of, shown, shown_in_payload

PROTOCOL = "graphql-transport-ws"
# Why a client that has shown something is not let in, or in no more. Those whose token or session was good once, and is
# no more, may come back with another: libraries of clients do so after FORBIDDEN, and after UNAUTHORIZED give up.
UNAUTHORIZED, FORBIDDEN = 4401, 4403
NEVER_GOOD = {Lapse.MISSING, Lapse.UNKNOWN}
INTERNAL_ERROR = 4500
TRY_AGAIN_LATER = 1013
# So the server tells that the client is gone; or that it has itself given up on one that answers no pings.
GONE = (OSError, RuntimeError)
# A close frame holds at most this many bytes of reason.
LONGEST_REASON = 120
ACK = '{"type":"connection_ack"}'


class _Closed(Exception):
    """The socket is closed, by us or by the client."""


class Socket:
    """One websocket, from its handshake until it closes. Each operation is a task of its own."""

    def __init__(
        self,
        api: Api,
        admission: Admission,
        access: Authenticator,
        settings: Settings,
        receive: Receive,
        send: Send,
    ) -> None:
        self._api = api
        self._admission = admission
        self._access = access
        self._caller = Caller()
        self._settings = settings
        self._receive = receive
        self._send_event = send
        self._operations: dict[str, asyncio.Task[None]] = {}
        self._is_begun = asyncio.Event()
        self._is_closed = False
        self._room = ExitStack()
        self._shown: str | None = None
        self._address = ""
        self._client = UNNAMED

    async def serve(self, scope: Scope) -> None:
        """Serve it until it is closed."""
        await self._receive()
        self._shown, self._address, self._client = shown(scope), address(scope), client_of(scope)
        if PROTOCOL not in scope["subprotocols"]:
            await self._send_event({"type": "websocket.accept"})
            await self._close(4406, f"Subprotocol not acceptable; {PROTOCOL} is")
            return
        await self._send_event({"type": "websocket.accept", "subprotocol": PROTOCOL})
        try:
            with self._room:
                await self._converse()
        except Exception as error:
            await self._close(INTERNAL_ERROR, unexpected(error).message)

    async def _converse(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(self._attend(), name="connection_init")
            try:
                while True:
                    await self._act(await self._next(), tasks)
            except _Closed:
                self._is_closed = True
            finally:
                for task in (waiting, *self._operations.values()):
                    task.cancel()
                # Each remembers, by its frames, how it was cancelled, and so us: a collection would come late for all
                # that they have at hand.
                self._operations.clear()

    async def _attend(self) -> None:
        """Close the socket if it does not begin in time, and later when its client may not stay."""
        try:
            async with asyncio.timeout(self._settings.connection_init_seconds):
                await self._is_begun.wait()
        except TimeoutError:
            await self._close(4408, "Connection initialisation timeout")
            return
        if self._caller.authority.key is None:
            return
        with self._access.holding(self._caller) as ended:
            await ended.wait()
        for task in self._operations.values():
            task.cancel()
        await self._close(FORBIDDEN, f"Forbidden: {ENDED}")

    async def _next(self) -> messages.Message:
        """Return the next message. Raises _Closed, where it is none after telling the client."""
        event = await self._receive()
        if event["type"] != "websocket.receive":
            raise _Closed
        text = event.get("text")
        try:
            if text is None:
                raise messages.BadMessage("Messages are text")
            return messages.decoded(text)
        except messages.BadMessage as error:
            await self._close(4400, str(error))
            raise _Closed from None

    async def _act(self, message: messages.Message, tasks: asyncio.TaskGroup) -> None:
        if isinstance(message, messages.Init):
            if self._is_begun.is_set():
                await self._refuse(4429, "Too many initialisation requests")
            await self._recognise(message)
            self._is_begun.set()
            await self._send(ACK)
        elif isinstance(message, messages.Ping):
            await self._send(messages.pong(message))
        elif isinstance(message, messages.Complete):
            task = self._operations.pop(message.id, None)
            if task is not None:
                task.cancel()
        elif isinstance(message, messages.Subscribe):
            await self._subscribe(message, tasks)

    async def _recognise(self, message: messages.Init) -> None:
        """Tell who the client is, by the headers of its handshake or by what it begins with."""
        try:
            secret = shown_in_payload(message.payload) or self._shown
            client = client_in_payload(message.payload, self._client)
            self._caller = await self._access.caller(secret, self._address, client)
            account = self._api.account(self._caller)
            if account is not None:
                self._room.enter_context(account.connections.one())
        except Unauthenticated as error:
            if error.lapse in NEVER_GOOD:
                await self._refuse(UNAUTHORIZED, f"Unauthorized: {error}")
            await self._refuse(FORBIDDEN, f"Forbidden: {error}")
        except TooMany as found:
            await self._refuse(TRY_AGAIN_LATER, str(found))
        except DatabaseError:
            await self._refuse(TRY_AGAIN_LATER, "The database does not answer at the moment; try again soon")

    async def _subscribe(self, message: messages.Subscribe, tasks: asyncio.TaskGroup) -> None:
        if not self._is_begun.is_set():
            await self._refuse(UNAUTHORIZED, "Unauthorized: connection_init comes first")
        if message.id in self._operations:
            await self._refuse(4409, f"Subscriber for {message.id} already exists")
        most = self._settings.max_subscriptions_per_connection
        if len(self._operations) >= most:
            found = f"This connection has {len(self._operations)} operations already"
            error = limit_exceeded("max_subscriptions_per_connection", most, found)
            await self._send(messages.told(messages.frame_of(message.id), refusal(error)))
            return
        self._operations[message.id] = tasks.create_task(self._tell(message), name="operation")

    async def _tell(self, message: messages.Subscribe) -> None:
        """Execute an operation and tell its items, until it ends or is cancelled."""
        frame = messages.frame_of(message.id)
        given = (message.payload.extensions or {}).get("traceparent")
        current.set(Trace.of_headers(given if isinstance(given, str) else None, None))
        try:
            async with aclosing(self._items(message)) as batches:
                async for batch in batches:
                    for item in batch:
                        if item.is_refusal:
                            self._forget(message.id)
                        await self._send(messages.told(frame, item))
                        if item.is_refusal:
                            return
                    delivered(batch)
            # The id is free again before the client knows that it is.
            self._forget(message.id)
            await self._send(messages.complete(message.id))
        except _Closed:
            return

    async def _items(self, message: messages.Subscribe) -> AsyncGenerator[Sequence[Item], None]:
        try:
            operation = self._api.operation(message.payload, self._caller)
            with self._admission.one(operation):
                if operation.kind is OperationType.SUBSCRIPTION:
                    async with aclosing(self._api.follow(operation, None, self._caller)) as batches:
                        async for batch in batches:
                            yield batch
                    return
                answer = await self._api.answer(operation, self._caller)
            yield [Item(None, answer.body.decode())]
        except Refused as refused:
            yield [refusal(*refused.errors)]
        except TooMany as found:
            yield [refusal(too_many(found))]
        except Exception as error:
            # It is of this operation alone; the others go on.
            yield [refusal(unexpected(error))]

    def _forget(self, operation_id: str) -> None:
        if self._operations.get(operation_id) is asyncio.current_task():
            del self._operations[operation_id]

    async def _refuse(self, code: int, reason: str) -> None:
        await self._close(code, reason)
        raise _Closed

    async def _send(self, text: str) -> None:
        if self._is_closed:
            raise _Closed
        try:
            await self._send_event({"type": "websocket.send", "text": text})
        except GONE:
            raise _Closed from None

    async def _close(self, code: int, reason: str) -> None:
        if not self._is_closed:
            self._is_closed = True
            metrics.API_ERRORS.labels(str(code)).inc()
            fitting = reason.encode()[:LONGEST_REASON].decode(errors="ignore")
            with suppress(*GONE):
                await self._send_event({"type": "websocket.close", "code": code, "reason": fitting})
