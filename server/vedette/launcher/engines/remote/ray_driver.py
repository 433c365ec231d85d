"""The driver of Ray: an agent is a task on one of its nodes, which waits for the agent's end."""

import asyncio
import logging
from typing import Any

import ray

from vedette.domain.compute import ComputeSpec
from vedette.launcher.engines.remote.addresses import can_connect, engine_endpoint
from vedette.launcher.engines.remote.attending import attend
from vedette.launcher.engines.remote.driving import WrongOptions, main
from vedette.launcher.engines.remote.frames import Place

LOOK_SECONDS = 1.0
# The head may be too busy for a moment to take a connection.
LOOKS_IN_VAIN = 3
# An agent that is needed no more ends by itself; its task is ended where it does not.
WITHDRAW_SECONDS = 3.0
# What is ours to say of a task.
OURS = ("name", "max_retries", "retry_exceptions", "num_returns")


class Ray:
    """A driver of a cluster, as Ray calls that."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._tasks: dict[str, ray.ObjectRef[None]] = {}

    async def connect(self) -> None:
        """Reach the cluster. Raises OSError, and what Ray raises."""
        await asyncio.to_thread(
            ray.init, self._address, namespace="vedette", log_to_driver=False, logging_level=logging.WARNING
        )

    async def lost(self) -> None:
        """Return when nobody answers at the head's address any more: Ray would go on trying for a minute."""
        endpoint = engine_endpoint(self._address)
        in_vain = 0
        while in_vain < LOOKS_IN_VAIN:
            await asyncio.sleep(LOOK_SECONDS)
            in_vain = 0 if await can_connect(*endpoint) is None else in_vain + 1

    async def execute(self, place: Place, ticket: str) -> None:
        """Have a node attend the run."""
        options = ray_options(place.compute, place.options)
        try:
            remote = ray.remote(attend).options(name=place.key, max_retries=0, **options)
        except (TypeError, ValueError) as error:
            raise WrongOptions(f"Ray refuses the job's engine_options: {error}") from error
        task = self._tasks[place.key] = remote.remote(ticket)
        try:
            await task
        finally:
            self._tasks.pop(place.key, None)

    def withdraw(self, key: str) -> None:
        """Take the task back, if it has not ended in a while."""
        asyncio.get_running_loop().call_later(WITHDRAW_SECONDS, self._cancel, key)

    def _cancel(self, key: str) -> None:
        task = self._tasks.pop(key, None)
        if task is not None:
            ray.cancel(task, force=True)


def ray_options(compute: ComputeSpec, options: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a task, without `cpu` one processor, as Ray has it. Raises WrongOptions."""
    ours = [name for name in options if name in OURS]
    if ours:
        raise WrongOptions(f"engine_options of Ray cannot say {ours[0]!r}: the launcher says that.")
    asked = {"num_cpus": compute.cpu, "num_gpus": compute.gpu, "memory": compute.memory_bytes}
    return {name: amount for name, amount in asked.items() if amount is not None} | options


if __name__ == "__main__":
    main(Ray)
