"""The API as commands ask it: one thing after another, without a loop of their own."""

import asyncio
import os
from collections.abc import Callable, Iterator
from functools import wraps
from types import TracebackType
from typing import Any, Self

import click

from vedette.cli.addresses import api_url
from vedette.cli.failures import OperationFailed
from vedette.cli.interrupting import run_until_interrupted
from vedette.client.connection import Connection, Json, authorization, named

PAGE_SIZE = 100


class Client:
    """Asks one server. Errors are raised as sentences that say what to do: see client.errors."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self.url = url
        self.headers = named("vedette-cli") | authorization(token)
        self._runner = asyncio.Runner()
        self._connection = Connection(url, self.headers)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._runner.run(self._connection.__aexit__(kind, error, at))
        self._runner.close()

    def execute(self, document: str, **variables: Json) -> Json:
        """Return the data of one query or mutation. Raises ServerUnreachable, Refused."""
        return run_until_interrupted(self._runner, self._connection.execute(document, variables))

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


def asks_server(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options --url and --token and, as its first argument, a client of that server."""

    @click.option("--token", metavar="TOKEN", help="A token for the server; better set as VEDETTE_TOKEN.")
    @click.option(
        "--url", metavar="URL", help="Address of the server; else from VEDETTE_URL, or VEDETTE_HOST and _PORT."
    )
    @wraps(command)
    def called(*arguments: Any, url: str | None, token: str | None, **options: Any) -> None:
        with Client(api_url(url), token or os.environ.get("VEDETTE_TOKEN")) as client:
            command(client, *arguments, **options)

    return called


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
