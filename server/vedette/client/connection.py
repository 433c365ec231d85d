"""One server of the API over HTTP: documents and variables in, data out."""

from collections.abc import Mapping
from importlib import metadata
from types import TracebackType
from typing import Any, Self

import httpx

from vedette.client.addresses import completed, is_local
from vedette.client.errors import Refused, ServerUnreachable

Json = Any

# An evaluation that the server waits for may take minutes; a server that accepts connections is not asked to hurry.
TIMEOUT = httpx.Timeout(10.0, read=900.0)


NAME = "vedette-client"


def named(name: str = NAME) -> dict[str, str]:
    """Return the headers that tell which program asks, and of which version."""
    try:
        return {"graphql-client-name": name, "graphql-client-version": metadata.version("vedette")}
    except metadata.PackageNotFoundError:
        return {"graphql-client-name": name}


def authorization(token: str | None) -> dict[str, str]:
    """Return the headers that show a token; none without one."""
    return {} if token is None else {"authorization": f"Bearer {token}"}


class Connection:
    """Asks one server; `headers` go with every request, among them those that name the program, unless they are given.

    Errors are sentences that say what to do: see errors.
    """

    def __init__(self, url: str, headers: Mapping[str, str] | None = None) -> None:
        """Prepare to ask the server at `url`, such as http://127.0.0.1:4400."""
        self.url = completed(url)
        given = {key.lower(): value for key, value in (headers or {}).items()}
        self.headers = {**named(), **given}
        self._http = httpx.AsyncClient(
            timeout=TIMEOUT, headers=self.headers, trust_env=not is_local(url), verify=url.startswith("https:")
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def execute(self, document: str, variables: Mapping[str, Json] | None = None) -> Json:
        """Return the data of one query or mutation. Raises ServerUnreachable, Refused."""
        try:
            response = await self._http.post(self.url, json={"query": document, "variables": dict(variables or {})})
        except httpx.TimeoutException:
            raise ServerUnreachable(f"The server at {self.url} does not answer; is it stuck?") from None
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise unreachable(self.url, str(error)) from None
        return data_of(_decoded(response, self.url))


def unreachable(url: str, reason: str) -> ServerUnreachable:
    """Return the error for a server that cannot be connected to."""
    return ServerUnreachable(
        f"No Vedette server answers at {url} ({reason or 'no answer'}); "
        "start one with `vedette dev path/to/project.py`, or give the address of another."
    )


def data_of(answer: Json) -> Json:
    """Return the data of a GraphQL answer. Raises Refused with what its errors say."""
    errors = answer.get("errors")
    if errors:
        codes = frozenset(str((error.get("extensions") or {}).get("code")) for error in errors)
        raise Refused(" ".join(error["message"] for error in errors), codes)
    return answer["data"]


def _decoded(response: httpx.Response, url: str) -> Json:
    try:
        answer = response.json()
    except ValueError:
        answer = None
    if not isinstance(answer, dict) or not answer.keys() & {"data", "errors"}:
        raise ServerUnreachable(
            f"What answers at {url} is no Vedette server (HTTP {response.status_code}); give the address of one."
        )
    return answer
