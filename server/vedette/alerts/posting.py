"""Posting JSON to a service, for as long as somebody waits; what it says and what it raises hold no address.

An address can be the secret itself, as that of a webhook is. So this is the standard library's client, which logs
nothing, and every error is one of ours.
"""

import http.client
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from vedette.authoring.retry_after import RetryAfter
from vedette.errors import AlertNotSent

SECONDS = 30.0
MOST_CHARACTERS = 200
MOST_BYTES = 1024 * 1024
TOO_MANY = 429


class Service:
    """Where alerts are posted to: `name` tells people which, `url` stays secret.

    `proxies` are addresses by scheme; None takes those of the environment. `verify` is False to take any certificate,
    or the path of a bundle of those to trust.
    """

    def __init__(
        self,
        name: str,
        url: str,
        timeout: float = SECONDS,
        proxies: Mapping[str, str] | None = None,
        verify: bool | str | None = None,
    ) -> None:
        """Take where and how. Nothing is opened yet."""
        self._name = name
        self._url = url
        self._timeout = timeout
        handlers: list[urllib.request.BaseHandler] = [urllib.request.HTTPSHandler(context=_trusting(verify))]
        if proxies:
            handlers.append(urllib.request.ProxyHandler(dict(proxies)))
        self._opener = urllib.request.build_opener(*handlers)

    def post(self, body: object, headers: Mapping[str, str] | None = None) -> Any:
        """Post `body` as JSON and return what is answered: its JSON, or its text.

        Raises AlertNotSent where it was refused or there was no answer, RetryAfter where it said when to come back.
        """
        sent = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "vedette", **(headers or {})}
        try:
            request = urllib.request.Request(self._url, data=json.dumps(body).encode(), headers=sent)
            with self._opener.open(request, timeout=self._timeout) as answer:
                return _read(answer.read(MOST_BYTES))
        except urllib.error.HTTPError as error:
            raise self._refusal(error) from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            # Neither the cause nor its text: both may name the address.
            reason = error.reason if isinstance(error, urllib.error.URLError) else error
            what = reason.strerror if isinstance(reason, OSError) and reason.strerror else type(reason).__name__
            raise AlertNotSent(f"{self._name} could not be reached: {what}.") from None

    def _refusal(self, error: urllib.error.HTTPError) -> AlertNotSent | RetryAfter:
        with error:
            said = _text(error)
        message = f"{self._name} answered {error.code}{': ' + said if said else ''}."
        asked = str(error.headers.get("Retry-After", ""))
        if asked.isdigit():
            return RetryAfter(float(asked), message)
        return AlertNotSent(message)


def _trusting(verify: bool | str | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=verify if isinstance(verify, str) else None)
    if verify is False:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _read(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return data.decode(errors="replace")


def _text(error: urllib.error.HTTPError) -> str:
    try:
        return " ".join(error.read(MOST_BYTES).decode(errors="replace").split())[:MOST_CHARACTERS].rstrip(".")
    except (OSError, http.client.HTTPException):
        return ""
