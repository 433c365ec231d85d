"""Holds what was claimed: renews the claims, and hears of cancels."""

import asyncio
from uuid import UUID

from vedette.bus import Bus
from vedette.bus.topics import CANCELS
from vedette.launcher.enduring import endure
from vedette.launcher.fleet import Fleet
from vedette.settings import Settings
from vedette.storage.database import Database
from vedette.storage.runs import run_queue

# Cancels are looked for no more often than this.
LOOK_SECONDS = 0.1


class Holder:
    """Keeps the fleet's claims alive and passes cancels on to it."""

    def __init__(self, database: Database, bus: Bus, fleet: Fleet, settings: Settings, launcher_id: UUID) -> None:
        self._database = database
        self._bus = bus
        self._fleet = fleet
        self._settings = settings
        self._launcher_id = launcher_id

    async def renew_claims(self) -> None:
        """Renew all claims three times a lease until cancelled; runs that others hold by now are dropped."""
        while True:
            await asyncio.sleep(self._settings.lease_seconds / 3)
            await endure("renew its claims", self._renew)

    async def _renew(self) -> None:
        epochs = self._fleet.epochs()
        if not epochs:
            return
        async with self._database.writing() as connection:
            held = await run_queue.renew(connection, epochs, self._settings.lease_seconds)
        self._fleet.drop((run_id, epoch) for run_id, epoch in epochs.items() if run_id not in held)

    async def follow_cancels(self) -> None:
        """Look for cancels on each knock, and every few seconds without one, until cancelled."""
        with self._bus.listen(CANCELS) as knocks:
            while True:
                knocked = await knocks.wait(self._settings.poll_seconds)
                await endure("look for cancels", self._look)
                await asyncio.sleep(LOOK_SECONDS)
                if knocked:
                    # The run may have been claimed here just then, and not have been in the fleet yet.
                    await endure("look for cancels", self._look)

    async def _look(self) -> None:
        if not self._fleet.epochs():
            return
        async with self._database.reading() as connection:
            self._fleet.cancel(await run_queue.cancellations(connection, self._launcher_id))
