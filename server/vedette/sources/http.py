"""An address on the web: its versions, told by ETag, Last-Modified or a digest of what it answers."""

import hashlib
import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message

from vedette.authoring.retry_after import RetryAfter
from vedette.errors import SourceUnavailable
from vedette.sources.source import Changes, Source

SECONDS = 30.0
UNCHANGED = 304
CHUNK_BYTES = 64 * 1024


@dataclass(frozen=True)
class Version:
    """A version of what an address answers; `etag` and `last_modified` are None where the server does not say them.

    `digest` is the SHA-256 of the content, in hex.
    """

    url: str
    etag: str | None
    last_modified: str | None
    digest: str

    @property
    def key(self) -> str:
        """Return the digest of its content: a server that says anew what it said before says nothing new."""
        return self.digest


class HttpAddress(Source[Version]):
    """What is behind an http address; each content that differs from the one before is new.

    It is asked for with what the server said of the version before, and answers 304, without content, where nothing has
    changed. headers: sent along, such as Authorization; they are not shown in errors. timeout: seconds.
    """

    def __init__(self, url: str, headers: Mapping[str, str] | None = None, *, timeout: float = SECONDS) -> None:
        """Take the address."""
        self._url = url
        self._headers = dict(headers or {})
        self._timeout = timeout

    def changes(self, cursor: str | None) -> Changes[Version]:
        """Return the version that is there if it is another one. Raises SourceUnavailable, RetryAfter."""
        known = json.loads(cursor or "{}")
        found = self._version(known)
        if found is None:
            return Changes((), cursor)
        now = {"etag": found.etag, "last_modified": found.last_modified, "digest": found.digest}
        new = (found,) if found.digest != known.get("digest") else ()
        return Changes(new, json.dumps(now, sort_keys=True))

    def _version(self, known: Mapping[str, str | None]) -> Version | None:
        conditions = {"If-None-Match": known.get("etag"), "If-Modified-Since": known.get("last_modified")}
        headers = {"User-Agent": "vedette", **self._headers}
        headers |= {name: value for name, value in conditions.items() if value is not None}
        request = urllib.request.Request(self._url, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=self._timeout) as answer:
                return Version(self._url, answer.headers["ETag"], answer.headers["Last-Modified"], _digest(answer))
        except urllib.error.HTTPError as error:
            with error:
                if error.code == UNCHANGED:
                    return None
                raise _refusal(self._url, error.code, error.headers) from None
        except (OSError, http.client.HTTPException) as error:
            reason = error.reason if isinstance(error, urllib.error.URLError) else error
            raise SourceUnavailable(f"{self._url} does not answer: {reason}.") from error


def _digest(answer: http.client.HTTPResponse) -> str:
    found = hashlib.sha256()
    while chunk := answer.read(CHUNK_BYTES):
        found.update(chunk)
    return found.hexdigest()


def _refusal(url: str, code: int, headers: Message) -> SourceUnavailable | RetryAfter:
    message = f"{url} answers {code}."
    asked = str(headers.get("Retry-After", ""))
    return RetryAfter(float(asked), message) if asked.isdigit() else SourceUnavailable(message)
