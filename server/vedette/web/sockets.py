"""Websockets: what clients send is checked for its form before it is acted on."""

from typing import Any

import msgspec
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler
from strawberry.subscriptions.protocols.graphql_transport_ws.types import Message

from vedette.graphql.context import Context


class _Operation(msgspec.Struct, rename="camel"):
    query: str
    variables: dict[str, Any] | None = None
    operation_name: str | None = None


class _Init(msgspec.Struct, tag_field="type", tag="connection_init"):
    payload: dict[str, Any] | None = None


class _Ping(msgspec.Struct, tag_field="type", tag="ping"):
    payload: dict[str, Any] | None = None


class _Pong(msgspec.Struct, tag_field="type", tag="pong"):
    payload: dict[str, Any] | None = None


class _Subscribe(msgspec.Struct, tag_field="type", tag="subscribe"):
    id: str
    payload: _Operation


class _Complete(msgspec.Struct, tag_field="type", tag="complete"):
    id: str


_Form = _Init | _Ping | _Pong | _Subscribe | _Complete

# A close frame holds at most this many bytes of reason.
_LONGEST_REASON = 120


class SocketHandler(BaseGraphQLTransportWSHandler[Context, None]):
    """The protocol graphql-transport-ws."""

    async def handle_message(self, message: Message) -> None:
        """Act on one message, or close with 4400 if it has not the form of one."""
        try:
            msgspec.convert(message, type=_Form)
        except msgspec.ValidationError as error:
            await self.handle_invalid_message(str(error).encode()[:_LONGEST_REASON].decode(errors="ignore"))
            return
        if message["type"] == "connection_init" and message.get("payload") is None:
            message["payload"] = {}
        await super().handle_message(message)
