"""The web application: the GraphQL endpoint, the page for people, and whether all is well."""

from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.types import Receive, Scope, Send

from vedette.bus import Bus
from vedette.settings import Settings
from vedette.storage.database import Database
from vedette.web import health, pages
from vedette.web.graphql import GraphQLEndpoint
from vedette.web.guard import Guard


class _GraphQLOrPage:
    """One address for programs and people."""

    def __init__(self, endpoint: GraphQLEndpoint, static: Path) -> None:
        self._endpoint = endpoint
        self._static = static

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and pages.wants_page(Request(scope)):
            await pages.graphiql(self._static)(scope, receive, send)
        else:
            await self._endpoint(scope, receive, send)


def create_app(database: Database, bus: Bus, settings: Settings, static: Path = pages.STATIC) -> Starlette:
    """Return the application; `static` is the folder that the frontend's build filled."""

    async def home(request: Request) -> Response:
        return RedirectResponse("/graphql")

    graphql = _GraphQLOrPage(GraphQLEndpoint(database, bus, settings), static)
    return Starlette(
        routes=[
            Route("/graphql", graphql, methods=["GET", "POST"]),
            WebSocketRoute("/graphql", graphql),
            *health.routes(database, settings),
            Route("/", home),
            Mount("/static", pages.files(static)),
        ],
        middleware=[Middleware(Guard, host=settings.host)],
    )
