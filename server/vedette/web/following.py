"""The id by which a request is followed: its client's trace, or one that begins here; it is told in the answer."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vedette.telemetry import metrics
from vedette.telemetry.tracing import Trace, current

HEADER = b"x-request-id"
# Any other, such as those of pages and their files, is counted as one.
PATHS = frozenset({"/graphql", "/graphql/stream", "/metrics", "/healthz", "/readyz"})
OTHER = "other"


def _count(path: str, status: int) -> None:
    metrics.API_REQUESTS.labels(path if path in PATHS else OTHER, str(status)).inc()


class Following:
    """Gives each request its place in a trace, from `traceparent` or `x-request-id`, and tells the id.

    Answers are counted here too, those that nothing further in ever sees included.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        trace = Trace.of_headers(headers.get("traceparent"), headers.get("x-request-id"))
        told = (HEADER, trace.trace_id.encode())

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), told]
                _count(scope["path"], message["status"])
            await send(message)

        token = current.set(trace)
        try:
            await self._app(scope, receive, answer)
        finally:
            current.reset(token)
