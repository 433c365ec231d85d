"""The driver of Dask: an agent is a task on one of its workers, which waits for the agent's end."""

import asyncio
import logging
from typing import Any

from distributed import Client, Future

from vedette.domain.compute import ComputeSpec
from vedette.launcher.engines.remote.dask_task import attend_as_task
from vedette.launcher.engines.remote.driving import WrongOptions, main
from vedette.launcher.engines.remote.frames import CONNECT_SECONDS, Place

LOOK_SECONDS = 0.2
# What a job may say in engine_options={"dask": …}; as in Client.submit.
OPTIONS = ("workers", "allow_other_workers", "priority", "resources")


class Dask:
    """A client of a scheduler."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._client: Client | None = None
        self._futures: dict[str, Future[None]] = {}

    async def connect(self) -> None:
        """Reach the scheduler. Raises OSError."""
        self._client = await Client(
            self._address, asynchronous=True, set_as_default=False, timeout=CONNECT_SECONDS, name="vedette"
        )

    async def lost(self) -> None:
        """Return when the client has no connection any more; it tells nobody, so it is looked at."""
        while self._client is not None and self._client.status == "running":  # noqa: ASYNC110
            await asyncio.sleep(LOOK_SECONDS)

    async def execute(self, place: Place, ticket: str) -> None:
        """Have a worker attend the run."""
        assert self._client is not None
        options = dask_options(place.compute, place.options)
        # The key makes it one task, however often it is asked for. What a lost worker had is not to be repeated:
        # the ticket lets one agent in only.
        future = self._client.submit(attend_as_task, ticket, key=place.key, pure=False, retries=0, **options)
        self._futures[place.key] = future
        try:
            await future
        finally:
            self.withdraw(place.key)

    def withdraw(self, key: str) -> None:
        """Let the scheduler forget the task."""
        future = self._futures.pop(key, None)
        if future is not None:
            future.release()


def dask_options(compute: ComputeSpec, options: dict[str, Any]) -> dict[str, Any]:
    """Return what Client.submit is told: `compute` is the workers' resources CPU, GPU and MEMORY (bytes).

    Raises WrongOptions.
    """
    unknown = [name for name in options if name not in OPTIONS]
    if unknown:
        known = ", ".join(OPTIONS)
        raise WrongOptions(f"engine_options of Dask are {known}; there is no {unknown[0]!r}.")
    asked = {"CPU": compute.cpu, "GPU": compute.gpu, "MEMORY": compute.memory_bytes}
    resources = {name: amount for name, amount in asked.items() if amount}
    return {**options, "resources": {**resources, **options.get("resources", {})} or None}


if __name__ == "__main__":
    logging.getLogger("distributed").setLevel(logging.ERROR)
    main(Dask)
