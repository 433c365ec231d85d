"""The web application: the API over HTTP, event streams and websockets, the page for people, and health."""

import asyncio
import importlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from vedette.access.authenticator import Authenticator, Unauthenticated
from vedette.access.rooms import TooMany
from vedette.bus import Bus
from vedette.errors import DatabaseError
from vedette.graphql.api import Api
from vedette.graphql.documents.limits import Limits
from vedette.graphql.documents.trusted_documents import TrustedDocuments
from vedette.graphql.schema import new_context
from vedette.settings import Settings
from vedette.storage.database import Database
from vedette.telemetry import metrics
from vedette.web import answers, health, pages, rate_limits, scraping, sessions
from vedette.web.admission import Admission
from vedette.web.credentials import caller_of
from vedette.web.event_streams import EventStreams
from vedette.web.following import Following
from vedette.web.graphql_over_http import GraphQLOverHTTP
from vedette.web.guard import Guard
from vedette.web.sockets import Socket

# What pages of other origins may send and read, where the settings name them.
REQUEST_HEADERS = [
    *("authorization", "content-type", "accept", "last-event-id", "traceparent", "x-request-id"),
    *("graphql-client-name", "graphql-client-version"),
]
ANSWER_HEADERS = ["retry-after", rate_limits.POLICY, rate_limits.STATE, "x-request-id"]


# Not imported where nobody signs in: what it brings along takes time and memory.
SIGN_IN = "vedette.web.sign_in"


def _sign_in(database: Database, settings: Settings) -> list[Route]:
    if settings.authentication != "oidc":
        return []
    routes: list[Route] = importlib.import_module(SIGN_IN).routes(database, settings)
    return routes


class _GraphQLOrPage:
    """One address for programs and people: these have GraphiQL, if they may ask what it asks."""

    def __init__(self, endpoint: GraphQLOverHTTP, page: ASGIApp, access: Authenticator, limits: Limits) -> None:
        self._endpoint = endpoint
        self._page = page
        self._access = access
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if pages.wants_page(Request(scope)):
            await (await self._refused(scope) or self._page)(scope, receive, send)
        else:
            await self._endpoint(scope, receive, send)

    async def _refused(self, scope: Scope) -> Response | None:
        if self._limits.introspection is None:
            return pages.refused("GraphiQL is off on this server (introspection=nobody).")
        try:
            caller = await caller_of(self._access, scope)
        except Unauthenticated:
            return pages.sign_in(scope["path"])
        except DatabaseError:
            return answers.unavailable()
        if self._limits.tells_schema_to(caller.authority.role):
            return None
        return pages.refused(
            f"GraphiQL needs the role {self._limits.introspection} (introspection); you have {caller.authority.role}."
        )


class _Sockets:
    """The websockets of one server."""

    def __init__(self, api: Api, admission: Admission, access: Authenticator, settings: Settings) -> None:
        self._parts = api, admission, access, settings
        self._admission = admission

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            if self._admission.is_draining:
                await answers.draining()(scope, receive, send)
                return
            with self._admission.connections.one(), metrics.API_OPEN.labels("websockets").track_inprogress():
                await Socket(*self._parts, receive, send).serve(scope)
        except TooMany as found:
            await answers.overloaded(found)(scope, receive, send)


def create_app(database: Database, bus: Bus, settings: Settings, static: Path = pages.STATIC) -> Starlette:
    """Return the application; `static` is the folder that the frontend's build filled.

    Raises UsageError where the trusted documents are not what they should be.
    """

    api = Api(new_context(database, bus, settings), TrustedDocuments.load(settings, static / pages.DOCUMENTS))
    admission = Admission(settings)
    access = Authenticator(database, bus, settings)
    methods = ["GET", "POST"]
    app = Starlette(
        routes=[
            Route(
                "/graphql",
                _GraphQLOrPage(
                    GraphQLOverHTTP(api, admission, access),
                    pages.Page(static, pages.GRAPHIQL),
                    access,
                    Limits.of(settings),
                ),
                methods=methods,
            ),
            WebSocketRoute("/graphql", _Sockets(api, admission, access, settings)),
            Route("/graphql/stream", EventStreams(api, admission, access, settings), methods=methods),
            *health.routes(database, settings, admission),
            *_metrics(database, settings),
            *sessions.routes(access, database, bus, settings),
            *_sign_in(database, settings),
            Mount("/static", pages.files(static)),
            # With methods: of those that an address above does not have, it is that one to tell (405).
            Route("/{address:path}", pages.Page(static, pages.INTERFACE), methods=["GET"]),
        ],
        middleware=[
            Middleware(Following),
            Middleware(
                CORSMiddleware,
                allow_origins=settings.allowed_origins,
                allow_methods=methods,
                allow_headers=REQUEST_HEADERS,
                expose_headers=ANSWER_HEADERS,
            ),
            Middleware(Guard, settings=settings),
        ],
    )
    app.state.api, app.state.admission, app.state.access = api, admission, access
    return app


def _metrics(database: Database, settings: Settings) -> list[Route]:
    """Return the route of metrics, unless they have a port of their own or not everybody here may see everything."""
    if settings.health_port is not None or settings.authentication != "none":
        return []
    return [scraping.route(scraping.looking_at(database, settings))]


def create_probes(app: Starlette, database: Database, settings: Settings) -> Starlette:
    """Return what tells how `app` fares, for an address of its own: nobody but machinery is to reach it."""
    routes = health.routes(database, settings, app.state.admission)
    return Starlette(routes=[*routes, scraping.route(scraping.looking_at(database, settings))])


@contextmanager
def _counted(app: Starlette) -> Iterator[None]:
    """Show as metrics what is open in the application while the block runs."""
    api: Api = app.state.api
    with (
        app.state.admission.shown(),
        metrics.shown(metrics.API_EXECUTIONS, lambda: api.shared_executions),
    ):
        yield


@asynccontextmanager
async def attending(app: Starlette, seconds: float) -> AsyncIterator[None]:
    """Watch over who may stay while the block runs; enter it inside the server.

    When the block ends, let nothing more in and say so for some time, before the sockets are closed.
    """
    async with app.state.access, app.state.api.passing_time, app.state.api.deprecated_counts:
        try:
            with _counted(app):
                yield
        finally:
            app.state.admission.drain()
            await asyncio.sleep(seconds)
