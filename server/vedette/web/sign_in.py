"""Signing in and out on the page: the ways to the provider and back, and the cookies.

What a sign-in has to bring back (state, nonce, verifier) is kept by the browser that began it, in a cookie of its own
for some minutes: no other browser can end it. Imported only where sign-in is configured.
"""

import hmac
import html
from urllib.parse import urlsplit

import msgspec
from starlette.datastructures import URL
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from vedette.access import secrets
from vedette.access.oidc import Identity, Provider, SignInFailed
from vedette.bus import Bus, topics
from vedette.errors import DatabaseError
from vedette.settings import Settings
from vedette.storage.access import sessions
from vedette.storage.access.sessions import NewSession
from vedette.storage.database import Database
from vedette.web import answers, pages
from vedette.web.credentials import SESSION_COOKIE, cookie_name

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

    def __init__(self, database: Database, bus: Bus, settings: Settings) -> None:
        self._database = database
        self._bus = bus
        self._settings = settings
        self._provider = Provider(settings)

    async def login(self, request: Request) -> Response:
        """Send the browser to the provider."""
        try:
            begun = await self._provider.begin(self._callback(request))
        except SignInFailed as failed:
            return _failed(failed)
        kept = _Begun(begun.state, begun.nonce, begun.verifier, _local(request.query_params.get("next")))
        answer = _redirect(begun.url)
        self._set(request, answer, BEGUN_COOKIE, msgspec.json.encode(kept).hex(), BEGUN_SECONDS)
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
            self._set(request, answer, SESSION_COOKIE, secret, int(self._settings.session_seconds))
        self._set(request, answer, BEGUN_COOKIE, "", 0)
        return answer

    async def logout(self, request: Request) -> Response:
        """End the session; its streams end with it."""
        cookie = request.cookies.get(self._name(request, SESSION_COOKIE), "")
        if secrets.is_one(cookie, secrets.SESSION):
            try:
                async with self._database.writing_at_once() as connection:
                    await sessions.end(connection, secrets.digest(cookie))
            except DatabaseError:
                return answers.unavailable()
            self._bus.knock(topics.ACCESS)
        answer = Response(status_code=204, headers={"cache-control": "no-store"})
        self._set(request, answer, SESSION_COOKIE, "", 0)
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
            text = request.cookies.get(self._name(request, BEGUN_COOKIE), "")
            return msgspec.json.decode(bytes.fromhex(text), type=_Begun)
        except (ValueError, msgspec.DecodeError):
            raise SignInFailed(
                "This sign-in was begun in another browser, or too long ago; begin it anew.", 400
            ) from None

    def _base(self, request: Request) -> URL:
        return URL(self._settings.public_url) if self._settings.public_url else request.base_url

    def _callback(self, request: Request) -> str:
        return f"{str(self._base(request)).rstrip('/')}/auth/callback"

    def _name(self, request: Request, name: str) -> str:
        return cookie_name(name, is_secure=self._base(request).scheme == "https")

    def _set(self, request: Request, answer: Response, name: str, value: str, seconds: int) -> None:
        """Give the browser a cookie that no script can read and no other site can have sent with its requests."""
        answer.set_cookie(
            self._name(request, name),
            value,
            max_age=seconds,
            path="/",
            secure=self._base(request).scheme == "https",
            httponly=True,
            # Not strict: whoever follows a link to the page, or comes back from the provider, is signed in.
            samesite="lax",
        )


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


def routes(database: Database, bus: Bus, settings: Settings) -> list[Route]:
    """Return the routes under /auth."""
    at = SignIn(database, bus, settings)
    return [
        Route(pages.SIGN_IN, at.login, methods=["GET"]),
        Route("/auth/callback", at.callback, methods=["GET"]),
        Route("/auth/logout", at.logout, methods=["POST"]),
    ]
