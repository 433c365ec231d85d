"""The page for people: GraphiQL, as the frontend's build left it beside this module."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

STATIC = Path(__file__).parent / "static"

# All that the page needs comes from here, and the websocket goes here.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self' data:; "
    "img-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; manifest-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
}

NOT_BUILT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Vedette</title>
<h1>Vedette</h1>
<p>The API is here: send GraphQL as JSON by POST to this address.</p>
<p>The GraphiQL page has not been built in this source tree; <code>make frontend</code> builds it.</p>
</html>
"""


def wants_page(request: Request) -> bool:
    """Tell whether a request is a browser's that opens the address, rather than a program's."""
    return (
        request.method == "GET"
        and "query" not in request.query_params
        and "text/html" in request.headers.get("accept", "")
    )


def graphiql(static: Path) -> Response:
    """Return the page, or one that says how to build it."""
    index = static / "index.html"
    text = index.read_text(encoding="utf-8") if index.is_file() else NOT_BUILT
    return HTMLResponse(text, headers=HEADERS)


def files(static: Path) -> ASGIApp:
    """Return what serves the page's files."""
    return StaticFiles(directory=static) if static.is_dir() else PlainTextResponse("Not found.", 404)
