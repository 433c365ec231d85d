"""An engine without a cluster: the driver calls `attend` here, in threads. What agents and launcher do is all real.

The option `twice` has two agents started for one claim, as an engine does that takes a worker for lost that lives.
"""

import asyncio

from vedette.launcher.engines.remote.attending import attend
from vedette.launcher.engines.remote.driving import main
from vedette.launcher.engines.remote.frames import Place


class Here:
    """Threads of this process."""

    def __init__(self, address: str) -> None:
        self._address = address

    async def connect(self) -> None:
        """There is nothing to reach."""

    async def lost(self) -> None:
        """Never be lost."""
        await asyncio.Event().wait()

    async def execute(self, place: Place, ticket: str) -> None:
        """Attend the run."""
        agents = 2 if place.options.get("twice") else 1
        await asyncio.gather(*(asyncio.to_thread(attend, ticket) for _ in range(agents)))

    def withdraw(self, key: str) -> None:
        """Leave it to the agent to end."""


if __name__ == "__main__":
    main(Here)
