"""The pages for people: the interface and GraphiQL, as the frontend's build left them beside this module."""

import os
from asyncio import to_thread
from pathlib import Path
from typing import Any
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from vedette.web.negotiation import accepts
from vedette.web.revalidation import is_known, tag_of

STATIC = Path(__file__).parent / "static"
INTERFACE = "index.html"
GRAPHIQL = "graphiql.html"
# What the interface asks, as its build lists it.
DOCUMENTS = "documents.txt"
# What the build has compressed ends so, beside what it is of.
COMPRESSED = ".gz"
# Where browsers are sent to the provider.
SIGN_IN = "/auth/login"

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
    # At the address of the API, programs are answered otherwise.
    "vary": "accept",
}

NOT_BUILT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Vedette</title>
<h1>Vedette</h1>
<p>The API is at <code>/graphql</code>: send GraphQL as JSON by POST to it.</p>
<p>The pages have not been built in this source tree; <code>make frontend</code> builds them.</p>
</html>
"""


def wants_page(request: Request) -> bool:
    """Tell whether a request is a browser's that opens the address, rather than a program's."""
    return (
        request.method in {"GET", "HEAD"}
        and "query" not in request.query_params
        and "text/html" in request.headers.get("accept", "")
    )


def page(static: Path, name: str, known: str | None = None) -> Response:
    """Return the page of the file `name`, or one that says how to build it; 304 where that is `known` by its tag."""
    file = static / name
    text = file.read_text(encoding="utf-8") if file.is_file() else NOT_BUILT
    # It fits into one packet: compressed it would not be there sooner.
    tag = tag_of(text.encode())
    headers = {**HEADERS, "etag": tag}
    if is_known(tag, known):
        return Response(status_code=304, headers=headers)
    return HTMLResponse(text, headers=headers)


def refused(why: str) -> Response:
    """Return the answer to somebody who may not have a page."""
    return PlainTextResponse(why, 403, {**HEADERS, "cache-control": "no-store"})


def sign_in(back: str) -> Response:
    """Send a browser to sign in, and from there back."""
    return RedirectResponse(f"/sign-in?next={quote(back, safe='')}", 303, {**HEADERS, "cache-control": "no-store"})


class Page:
    """Serves a page at whatever address it stands, to everybody: whoever is to sign in is asked by the page itself."""

    def __init__(self, static: Path, name: str) -> None:
        self._static = static
        self._name = name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer browsers with the page; what programs ask for here is not there."""
        request = Request(scope)
        answer: Response = PlainTextResponse("Not found.", 404)
        if wants_page(request):
            answer = page(self._static, self._name, request.headers.get("if-none-match"))
        await answer(scope, receive, send)


class _Files(StaticFiles):
    """The pages' files; the names of those in `assets` hold their digests, so that browsers need not ask again.

    Who takes gzip is sent what the build has compressed: nothing is compressed here.
    """

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return the file, compressed where there is such a one and the client takes it."""
        if path.endswith(COMPRESSED):
            raise HTTPException(404)
        takes_gzip = accepts(Headers(scope=scope).get("accept-encoding"), "gzip")
        _, found = await to_thread(self.lookup_path, f"{path}{COMPRESSED}")
        if found is None or not takes_gzip:
            answer = await super().get_response(path, scope)
        else:
            answer = await super().get_response(f"{path}{COMPRESSED}", scope)
            answer.headers["content-encoding"] = "gzip"
        if found is not None:
            answer.headers["vary"] = "accept-encoding"
        return answer

    def file_response(self, full_path: str | os.PathLike[str], *arguments: Any, **options: Any) -> Response:
        """Return the file, to be kept for good where its name says what is in it."""
        answer = super().file_response(full_path, *arguments, **options)
        if Path(full_path).parent.name == "assets":
            answer.headers["cache-control"] = "public, max-age=31536000, immutable"
        answer.headers["x-content-type-options"] = "nosniff"
        return answer


def files(static: Path) -> ASGIApp:
    """Return what serves the pages' files."""
    return _Files(directory=static) if static.is_dir() else PlainTextResponse("Not found.", 404)
