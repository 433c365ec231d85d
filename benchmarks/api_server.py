"""The API alone, on a free port, over the database at the URL given; prints the port.

With the word `stock`: the same schema and resolvers as strawberry serves them by itself.
"""

import asyncio
import gc
import sys
from typing import Any

import strawberry
import uvloop
from starlette.types import ASGIApp
from strawberry.asgi import GraphQL

from vedette.bus import Bus
from vedette.graphql.context import Context
from vedette.graphql.mutations.mutation_errors import MEMBERS
from vedette.graphql.scalars import CONFIG
from vedette.graphql.schema import Mutation, Query, new_context
from vedette.graphql.streams.subscriptions import Subscription
from vedette.runtime.parts import COLLECT_AFTER
from vedette.settings import Settings
from vedette.storage.database import Database
from vedette.web.app import create_app
from vedette.web.server import serve_http


class _Stock(GraphQL[Context, None]):
    """strawberry's own view of the schema: every document is parsed and validated, every field executed by itself."""

    def __init__(self, context: Context) -> None:
        schema = strawberry.Schema(Query, Mutation, Subscription, types=MEMBERS, config=CONFIG)
        super().__init__(schema)
        self._context = context

    async def get_context(self, request: Any, response: Any) -> Context:
        """Return the context of one operation."""
        return self._context.for_operation()


def _app(kind: str, database: Database, bus: Bus, settings: Settings) -> ASGIApp:
    if kind == "stock":
        return _Stock(new_context(database, bus, settings))
    return create_app(database, bus, settings)


async def main(url: str, kind: str = "vedette") -> None:
    """Serve until killed."""
    settings = Settings()
    async with (
        Database(url) as database,
        Bus(url) as bus,
        serve_http(_app(kind, database, bus, settings), "127.0.0.1", 0, settings) as server,
    ):
        # As `vedette serve` does.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*COLLECT_AFTER)
        print(server.port, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
