"""The launcher of this machine: runs execute in processes forked from their code location."""

from uuid import UUID

from vedette.bus import Bus
from vedette.hosts.locations import CodeLocations
from vedette.launcher.engines.local import LocalEngine
from vedette.launcher.launching import Launching
from vedette.settings import Settings
from vedette.storage.database import Database


class Launcher:
    """Executes the queued runs of `locations`, `settings.slots` at a time; see `Launching` for how it stops.

    `worker_id` is its registration in `storage.workers`, which must outlive `run`.
    """

    def __init__(
        self, database: Database, bus: Bus, locations: CodeLocations, settings: Settings, worker_id: UUID
    ) -> None:
        self._launching = Launching(database, bus, LocalEngine(locations), settings, worker_id)

    async def run(self) -> None:
        """Launch until cancelled."""
        await self._launching.run()
