"""Opens instances, and keeps what they stand on for as long as this process lives."""

import os
import threading

from vedette.authoring.instance.instance import VedetteInstance
from vedette.instances.backstage import Backstage
from vedette.instances.connected import Connected
from vedette.settings import Settings, load
from vedette.storage.embedded import scratch
from vedette.storage.embedded.postgres import EmbeddedPostgres
from vedette.storage.migrations import migrating


class Opening:
    """Opens instances for the threads of this process."""

    def __init__(self) -> None:
        """Begin with nothing open."""
        self._lock = threading.RLock()
        self._pid = os.getpid()
        self._backstage: Backstage | None = None
        self._scratch: tuple[str, str] | None = None
        self._current: VedetteInstance | None = None

    def ephemeral(self) -> VedetteInstance:
        """Open an empty one; the server that it is on is this session's."""
        with self._lock:
            backstage = self._thread()
            if self._scratch is None:
                self._scratch = backstage.run(self._start_scratch(backstage))
            return backstage.run(self._open(backstage, *self._scratch))

    def current(self) -> VedetteInstance:
        """Open that of the settings, or return it if it is open."""
        with self._lock:
            backstage = self._thread()
            if self._current is None:
                settings, _ = load({}, os.environ)
                self._current = backstage.run(self._open_current(backstage, settings))
            return self._current

    def _thread(self) -> Backstage:
        if self._backstage is None or self._pid != os.getpid():
            # A forked process has neither the thread nor the connections.
            self._pid, self._scratch, self._current = os.getpid(), None, None
            self._backstage = Backstage()
        return self._backstage

    async def _start_scratch(self, backstage: Backstage) -> tuple[str, str]:
        postgres = await backstage.enter(scratch.server())
        return postgres.url, await scratch.make_template(postgres.url)

    async def _open(self, backstage: Backstage, url: str, template: str) -> VedetteInstance:
        name = await scratch.take(url, template)
        connected = await Connected.connect(backstage, scratch.named(url, name))
        closed = False

        async def gone() -> None:
            nonlocal closed
            if not closed:
                closed = True
                await connected.disconnect()
                await scratch.drop(url, name)

        backstage.at_end(gone)
        await backstage.begin(scratch.make_ahead(url, template))
        return connected.instance(lambda: backstage.run(gone()), is_ephemeral=True)

    async def _open_current(self, backstage: Backstage, settings: Settings) -> VedetteInstance:
        if settings.database_url is not None:
            url = settings.database_url
            await migrating.check(url)
        else:
            url = (await backstage.enter(EmbeddedPostgres(settings.home))).url
            await migrating.migrate(url)
        connected = await Connected.connect(backstage, url)
        backstage.at_end(connected.disconnect)
        return connected.instance()


OPENING = Opening()
