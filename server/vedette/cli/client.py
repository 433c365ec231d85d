"""A client of the GraphQL API."""

from collections.abc import Callable, Iterator
from functools import wraps
from types import TracebackType
from typing import Any, Self

import click
import httpx

from vedette.cli.addresses import api_url, is_local
from vedette.cli.failures import OperationFailed, ServerUnreachable

Json = Any

# An evaluation that the server waits for may take minutes; a server that accepts connections is not asked to hurry.
TIMEOUT = httpx.Timeout(10.0, read=900.0)
PAGE_SIZE = 100


class Refused(OperationFailed):
    """The server refused the request. `codes` are the stable codes of its errors."""

    def __init__(self, message: str, codes: frozenset[str] = frozenset()) -> None:
        super().__init__(message)
        self.codes = codes


class Client:
    """Asks one server. Errors are raised as sentences that say what to do: see failures."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = httpx.Client(timeout=TIMEOUT, trust_env=not is_local(url), verify=url.startswith("https:"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._http.close()

    def execute(self, document: str, **variables: Json) -> Json:
        """Return the data of one query or mutation. Raises ServerUnreachable, Refused."""
        try:
            response = self._http.post(self.url, json={"query": document, "variables": variables})
        except httpx.TimeoutException:
            raise ServerUnreachable(f"The server at {self.url} does not answer; is it stuck?") from None
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise unreachable(self.url, str(error)) from None
        return data_of(_decoded(response, self.url))

    def mutate(self, document: str, field: str, **variables: Json) -> Json:
        """Return the payload of a mutation. Raises OperationFailed with its typed errors."""
        payload = self.execute(document, **variables)[field]
        if payload["errors"]:
            raise OperationFailed(" ".join(error["message"] for error in payload["errors"]))
        return payload

    def pages(self, document: str, most: int | None, *, within: str | None = None, **variables: Json) -> Iterator[Json]:
        """Yield the nodes of a connection, `most` at most (None: all).

        `document` takes $first and $after; its one root field is the connection, or has it `within` it.
        """
        after: str | None = None
        left = most
        while left is None or left > 0:
            size = PAGE_SIZE if left is None else min(left, PAGE_SIZE)
            (found,) = self.execute(document, first=size, after=after, **variables).values()
            connection = found if within is None else found[within]
            yield from (edge["node"] for edge in connection["edges"])
            if not connection["pageInfo"]["hasNextPage"]:
                return
            after = connection["pageInfo"]["endCursor"]
            left = None if left is None else left - size


def unreachable(url: str, reason: str) -> ServerUnreachable:
    """Return the error for a server that cannot be connected to."""
    return ServerUnreachable(
        f"No Vedette server answers at {url} ({reason or 'no answer'}); "
        "start one with `vedette dev path/to/project.py`, or name another with --url."
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
            f"What answers at {url} is no Vedette server (HTTP {response.status_code}); name the right one with --url."
        )
    return answer


def asks_server(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the option --url and, as its first argument, a client of that server."""

    @click.option("--url", metavar="URL", help="Address of the server; else from VEDETTE_HOST and VEDETTE_PORT.")
    @wraps(command)
    def called(*arguments: Any, url: str | None, **options: Any) -> None:
        with Client(api_url(url)) as client:
            command(client, *arguments, **options)

    return called


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
