"""Signing in on the page with a token, and signing out: the token is exchanged for the cookie of a session."""

from datetime import UTC, datetime
from urllib.parse import urlsplit

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from vedette.access import secrets
from vedette.access.authenticator import Authenticator, Unauthenticated
from vedette.access.authority import Authority
from vedette.bus import Bus, topics
from vedette.domain.access import Lapse
from vedette.errors import DatabaseError
from vedette.settings import Settings
from vedette.storage.access import sessions
from vedette.storage.access.sessions import NewSession
from vedette.storage.database import Database
from vedette.web import answers, pages
from vedette.web.cookies import SESSION_COOKIE, Cookies
from vedette.web.credentials import address


class _Shown(msgspec.Struct):
    token: str


class Sessions:
    """The addresses under /auth that do without a provider."""

    def __init__(self, access: Authenticator, database: Database, bus: Bus, settings: Settings) -> None:
        self._access = access
        self._database = database
        self._bus = bus
        self._settings = settings
        self._cookies = Cookies(settings)

    async def ways(self, request: Request) -> Response:
        """Tell how one can sign in here."""
        body = {"authentication": self._settings.authentication, "provider": _provider(self._settings)}
        return answers.json(200, msgspec.json.encode(body))

    async def begin(self, request: Request) -> Response:
        """Begin a session for whoever shows a token that is good."""
        try:
            shown = msgspec.json.decode(await request.body(), type=_Shown)
            if not secrets.is_one(shown.token, secrets.TOKEN):
                raise Unauthenticated(Lapse.UNKNOWN, NOT_A_TOKEN)
            caller = await self._access.caller(shown.token, address(request.scope))
            secret, seconds = await self._session(caller.authority)
        except msgspec.DecodeError:
            return answers.refusal(400, "BAD_REQUEST", 'Send the token as JSON: {"token": "vdt_…"}.')
        except Unauthenticated as error:
            return answers.unauthenticated(error)
        except DatabaseError:
            return answers.unavailable()
        answer = Response(status_code=204, headers={"cache-control": "no-store"})
        self._cookies.set(request, answer, SESSION_COOKIE, secret, seconds)
        return answer

    async def end(self, request: Request) -> Response:
        """End the session; its streams end with it."""
        cookie = self._cookies.get(request, SESSION_COOKIE)
        if secrets.is_one(cookie, secrets.SESSION):
            try:
                async with self._database.writing_at_once() as connection:
                    await sessions.end(connection, secrets.digest(cookie))
            except DatabaseError:
                return answers.unavailable()
            self._bus.knock(topics.ACCESS)
        answer = Response(status_code=204, headers={"cache-control": "no-store"})
        self._cookies.set(request, answer, SESSION_COOKIE, "", 0)
        return answer

    async def _session(self, authority: Authority) -> tuple[str, float]:
        """Keep a session that ends with its token; return its cookie, and for how many seconds."""
        seconds = self._settings.session_seconds
        if authority.expires_at is not None:
            seconds = min(seconds, max(1.0, (authority.expires_at - datetime.now(UTC)).total_seconds()))
        secret = secrets.new(secrets.SESSION)
        wanted = NewSession(
            secret.digest, authority.actor, authority.actor, authority.role, authority.code_locations, seconds,
            authority.token,
        )  # fmt: skip
        async with self._database.writing() as connection:
            await sessions.begin(connection, wanted)
        return secret.text, seconds


NOT_A_TOKEN = "That is no token of Vedette: those begin with vdt_."


def _provider(settings: Settings) -> dict[str, str] | None:
    if settings.authentication != "oidc":
        return None
    name = settings.oidc_name or urlsplit(settings.oidc_issuer or "").hostname or "your provider"
    return {"name": name, "address": pages.SIGN_IN}


def routes(access: Authenticator, database: Database, bus: Bus, settings: Settings) -> list[Route]:
    """Return the routes under /auth: where nobody is asked who they are, only the one that says so."""
    at = Sessions(access, database, bus, settings)
    asking = [
        Route("/auth/token", at.begin, methods=["POST"]),
        Route("/auth/logout", at.end, methods=["POST"]),
    ]
    return [Route("/auth/ways", at.ways, methods=["GET"]), *(asking if access.is_asking else [])]
