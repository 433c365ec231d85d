"""The incumbent's GraphQL API, asked as a client would."""

from contextlib import suppress
from typing import Any

import httpx

PATIENCE_SECONDS = 60.0


class Api:
    """The API of `dagster-webserver` or `dagster dev` on this port."""

    def __init__(self, port: int) -> None:
        self._client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_SECONDS)

    def ask(self, query: str) -> dict[str, Any]:
        """Return the data of one operation. Raises httpx.TransportError, and RuntimeError that quotes its errors."""
        answer = self._client.post("/graphql", json={"query": query}).json()
        if "errors" in answer:
            raise RuntimeError(f"The incumbent's API answers: {answer['errors']}")
        data: dict[str, Any] = answer["data"]
        return data

    def answers(self) -> bool:
        """Tell whether it answers a first query."""
        with suppress(httpx.TransportError, ValueError):
            return bool(self.ask("{ version }"))
        return False
