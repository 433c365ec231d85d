"""A launcher with the engine that the settings name."""

from uuid import UUID

from vedette.bus import Bus
from vedette.hosts.answers import Answers
from vedette.hosts.locations import CodeLocations
from vedette.launcher.engines.choosing import chosen_engine
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
        self._database = database
        self._bus = bus
        self._locations = locations
        self._settings = settings
        self._worker_id = worker_id

    async def run(self) -> None:
        """Launch until cancelled. Raises UsageError for an engine that there is not, OSError for its address."""
        async with (
            Answers(self._database, self._bus) as answers,
            chosen_engine(self._settings, self._locations, answers) as engine,
        ):
            await Launching(self._database, self._bus, engine, self._settings, self._worker_id).run()
