"""GraphQL over HTTP (POST, and GET for queries) and over websockets (graphql-transport-ws, nothing older)."""

from datetime import timedelta
from json import JSONDecodeError
from typing import Any

import msgspec
from cross_web import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL

from vedette.bus import Bus
from vedette.graphql.context import Context
from vedette.graphql.schema import new_context, schema
from vedette.settings import Settings
from vedette.storage.database import Database
from vedette.web.answers import refusal
from vedette.web.sockets import SocketHandler

# How long a websocket may be open before it says connection_init.
INIT_SECONDS = 10
MOST_OPERATIONS_PER_SOCKET = 100


class GraphQLEndpoint(GraphQL[Context, None]):
    """The endpoint /graphql."""

    graphql_transport_ws_handler_class = SocketHandler

    def __init__(self, database: Database, bus: Bus, settings: Settings) -> None:
        super().__init__(
            schema,
            graphql_ide=None,
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL,),
            connection_init_wait_timeout=timedelta(seconds=INIT_SECONDS),
            max_subscriptions_per_connection=MOST_OPERATIONS_PER_SOCKET,
        )
        self._parts = (database, bus, settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or serve one websocket until it closes."""
        if scope["type"] == "websocket":
            await self.run(WebSocket(scope, receive, send))
            return
        try:
            response = await self.run(Request(scope, receive))
        except HTTPException as error:
            response = refusal(error.status_code, "BAD_REQUEST", _sentence(error.reason))
        await response(scope, receive, send)

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:
        """Return the context; each operation gets its own from it."""
        return new_context(*self._parts)

    def decode_json(self, data: str | bytes) -> object:
        """Decode a request, or a message of a websocket: both are objects."""
        try:
            return msgspec.json.decode(data, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise JSONDecodeError(str(error), "", 0) from None

    def encode_json(self, data: Any) -> str:
        """Encode an answer; as text, since websockets send it in text frames."""
        return msgspec.json.encode(data).decode()


def _sentence(reason: str) -> str:
    return reason if reason.endswith(".") else f"{reason}."
