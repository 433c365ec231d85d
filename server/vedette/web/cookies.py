"""The cookies that sessions live in: no script reads them, and no other site can have them sent."""

from typing import Literal

from starlette.datastructures import URL
from starlette.requests import Request
from starlette.responses import Response

from vedette.settings import Settings

SESSION_COOKIE = "vedette_session"


def cookie_name(name: str, *, is_secure: bool) -> str:
    """Return what a cookie is called: over HTTPS so that only this host can have set it."""
    return f"__Host-{name}" if is_secure else name


class Cookies:
    """Gives cookies to browsers, as suits the address by which they reach this server."""

    def __init__(self, settings: Settings) -> None:
        self._public_url = settings.public_url

    def base(self, request: Request) -> URL:
        """Return the address by which browsers reach this server."""
        return URL(self._public_url) if self._public_url else request.base_url

    def get(self, request: Request, name: str) -> str:
        """Return what a cookie holds, nothing where there is none."""
        return request.cookies.get(self._name(request, name), "")

    def set(
        self, request: Request, answer: Response, name: str, value: str, seconds: float,
        samesite: Literal["lax", "strict"] = "strict",
    ) -> None:  # fmt: skip
        """Give the browser a cookie for so many seconds; for none, take it away.

        Not even a link of another site has a strict one sent: the page itself is for everybody, and what it asks for
        is asked by this site.
        """
        answer.set_cookie(
            self._name(request, name),
            value,
            max_age=int(seconds),
            path="/",
            secure=self._is_secure(request),
            httponly=True,
            samesite=samesite,
        )

    def _name(self, request: Request, name: str) -> str:
        return cookie_name(name, is_secure=self._is_secure(request))

    def _is_secure(self, request: Request) -> bool:
        return self.base(request).scheme == "https"
