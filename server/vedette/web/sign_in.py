"""Signing in at a provider: the ways there and back.

What a sign-in has to bring back (state, nonce, verifier) is kept by the browser that began it, in a cookie of its own
for some minutes: no other browser can end it. Imported only where sign-in is configured.
"""

import hmac
import html
from urllib.parse import urlsplit

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from vedette.access import secrets
from vedette.access.oidc import Identity, Provider, SignInFailed
from vedette.errors import DatabaseError
from vedette.settings import Settings
from vedette.storage.access import sessions
from vedette.storage.access.sessions import NewSession
from vedette.storage.database import Database
from vedette.web import pages
from vedette.web.cookies import SESSION_COOKIE, Cookies

BEGUN_COOKIE = "vedette_sign_in"
# For as long as somebody may take at the provider.
BEGUN_SECONDS = 600
LONGEST_NEXT = 500

FAILED = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Vedette</title>
<h1>Not signed in</h1><p>{reason}</p><p><a href="{again}">Sign in again</a></p></html>
"""


class _Begun(msgspec.Struct, frozen=True):
    state: str
    nonce: str
    verifier: str
    next: str


class SignIn:
    """The addresses under /auth."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings
        self._cookies = Cookies(settings)
        self._provider = Provider(settings)

    async def login(self, request: Request) -> Response:
        """Send the browser to the provider."""
        try:
            begun = await self._provider.begin(self._callback(request))
        except SignInFailed as failed:
            return _failed(failed)
        kept = _Begun(begun.state, begun.nonce, begun.verifier, _local(request.query_params.get("next")))
        answer = _redirect(begun.url)
        # Lax: it is to come back when the provider sends the browser here.
        packed = msgspec.json.encode(kept).hex()
        self._cookies.set(request, answer, BEGUN_COOKIE, packed, BEGUN_SECONDS, samesite="lax")
        return answer

    async def callback(self, request: Request) -> Response:
        """Begin a session for whoever comes back from the provider, in the browser that went there."""
        try:
            kept = self._kept(request)
            identity = await self._identify(request, kept)
            secret = await self._begin_session(identity)
        except SignInFailed as failed:
            answer: Response = _failed(failed)
        except DatabaseError:
            answer = _failed(SignInFailed("The database does not answer at the moment.", 503))
        else:
            answer = _redirect(kept.next)
            self._cookies.set(request, answer, SESSION_COOKIE, secret, self._settings.session_seconds)
        self._cookies.set(request, answer, BEGUN_COOKIE, "", 0, samesite="lax")
        return answer

    async def _identify(self, request: Request, kept: _Begun) -> Identity:
        given = request.query_params
        if not hmac.compare_digest(given.get("state", "").encode(), kept.state.encode()):
            raise SignInFailed("This sign-in was begun elsewhere; begin it here.", 400)
        if "code" not in given:
            raise SignInFailed(f"The provider says: {given.get('error', 'nothing')[:100]}.", 403)
        return await self._provider.identify(self._callback(request), given["code"], kept.nonce, kept.verifier)

    async def _begin_session(self, identity: Identity) -> str:
        secret = secrets.new(secrets.SESSION)
        wanted = NewSession(secret.digest, *identity, self._settings.session_seconds)
        async with self._database.writing() as connection:
            await sessions.begin(connection, wanted)
        return secret.text

    def _kept(self, request: Request) -> _Begun:
        try:
            return msgspec.json.decode(bytes.fromhex(self._cookies.get(request, BEGUN_COOKIE)), type=_Begun)
        except (ValueError, msgspec.DecodeError):
            raise SignInFailed(
                "This sign-in was begun in another browser, or too long ago; begin it anew.", 400
            ) from None

    def _callback(self, request: Request) -> str:
        return f"{str(self._cookies.base(request)).rstrip('/')}/auth/callback"


def _local(address: str | None) -> str:
    """Return where to go afterwards: an address of this server, whatever was asked for."""
    if not address or len(address) > LONGEST_NEXT or not address.startswith("/"):
        return "/"
    # What browsers take for another host: //, /\\ and the like.
    parts = urlsplit(address.replace("\\", "/"))
    return "/" if parts.scheme or parts.netloc or not address.isprintable() or address[1:2] in {"/", "\\"} else address


def _redirect(url: str) -> Response:
    return RedirectResponse(url, 303, {"cache-control": "no-store", "referrer-policy": "no-referrer"})


def _failed(failed: SignInFailed) -> Response:
    text = FAILED.format(reason=html.escape(str(failed)), again=pages.SIGN_IN)
    return HTMLResponse(text, failed.status, pages.HEADERS | {"cache-control": "no-store"})


def routes(database: Database, settings: Settings) -> list[Route]:
    """Return the routes under /auth that lead to the provider and back."""
    at = SignIn(database, settings)
    return [
        Route(pages.SIGN_IN, at.login, methods=["GET"]),
        Route("/auth/callback", at.callback, methods=["GET"]),
    ]
