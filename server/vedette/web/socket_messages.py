"""The messages of graphql-transport-ws that clients send, and those that they are sent."""

from typing import Annotated, Any

import msgspec

from vedette.graphql.documents.requests import Request
from vedette.graphql.streams.items import Item

# The server keeps the ids of what goes on.
LONGEST_ID = 256
OperationId = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_ID)]


class Init(msgspec.Struct, tag_field="type", tag="connection_init"):
    """The client begins."""

    payload: dict[str, Any] | None = None


class Ping(msgspec.Struct, tag_field="type", tag="ping"):
    """The client wants a pong."""

    payload: dict[str, Any] | None = None


class Pong(msgspec.Struct, tag_field="type", tag="pong"):
    """The client is there."""

    payload: dict[str, Any] | None = None


class Subscribe(msgspec.Struct, tag_field="type", tag="subscribe"):
    """The client wants an operation executed."""

    id: OperationId
    payload: Request


class Complete(msgspec.Struct, tag_field="type", tag="complete"):
    """The client wants no more of an operation."""

    id: OperationId


Message = Init | Ping | Pong | Subscribe | Complete

_DECODER: msgspec.json.Decoder[Message] = msgspec.json.Decoder(Message)


class BadMessage(Exception):
    """What was received is no message; the text says why."""


def decoded(text: str) -> Message:
    """Return the message that a text is. Raises BadMessage."""
    try:
        message = _DECODER.decode(text)
    except RecursionError:
        raise BadMessage("The message is nested too deeply") from None
    except (msgspec.DecodeError, UnicodeError) as error:
        raise BadMessage(str(error)) from None
    if isinstance(message, Subscribe) and message.payload.query is None and message.payload.document_id is None:
        raise BadMessage("Object missing required field `query` - at `$.payload`")
    return message


def frame_of(operation_id: str) -> tuple[str, str]:
    """Return the beginnings of the messages `next` and `error` of an operation, to which a payload and } belong."""
    quoted = msgspec.json.encode(operation_id).decode()
    return f'{{"id":{quoted},"type":"next","payload":', f'{{"id":{quoted},"type":"error","payload":'


def told(frame: tuple[str, str], item: Item) -> str:
    """Return the message that tells an item."""
    return f"{frame[item.is_refusal]}{item.payload}}}"


def pong(ping: Ping) -> str:
    """Return the answer to a ping, which has the payload of that."""
    return msgspec.json.encode(Pong(ping.payload) if ping.payload is not None else {"type": "pong"}).decode()


def complete(operation_id: str) -> str:
    """Return the message that an operation has ended."""
    return msgspec.json.encode({"id": operation_id, "type": "complete"}).decode()
