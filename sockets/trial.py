"""A server of its own, as an operator starts it, with clients at it: what it held, and what was wrong."""

import asyncio
import re
import resource
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
from chaos.processes import Place, Process, free_port

from sockets.clients import live
from sockets.found import Found
from sockets.news import News
from sockets.watching import Memory, Sample, Watch, left_over
from vedette.bus import Bus
from vedette.storage.database import Database

# They come one after the other, so many a second.
ARRIVALS_PER_SECOND = 100
# With these the server opens what it keeps open.
FIRST_CLIENTS, FIRST_SECONDS = 50, 8.0
# As many as there is time for, but no more.
MOST_SAMPLES, LEAST_SAMPLES, SAMPLE_SECONDS = 120, 6, 1.0
# By then the server has given up those that it cannot reach any more: after a ping's interval, and as long again as an
# answer may take, with some time for a busy machine.
GONE_SECONDS = 90.0
# So few that those who read slowly are told so within the time that they wait.
BUFFERED_ITEMS = 40
OTHER_FILES = 500
LAST_OF_LOG = 2000
# What Python says of errors that nobody caught, and of work that was begun and forgotten.
TRACES = re.compile(
    "Traceback|never awaited|never retrieved|Task was destroyed|Exception ignored|ResourceWarning|RuntimeWarning"
)


@dataclass(frozen=True)
class Outcome:
    """What came of it."""

    found: Found
    before: Sample
    samples: list[Sample]
    after: Sample
    faults: list[str]


class Trial:
    """`clients` at a server over the database at `url`, whose log is in `folder`; `tell` is given lines of progress."""

    def __init__(self, url: str, folder: Path, clients: int) -> None:
        self._url, self._folder, self._clients = url, folder, clients
        self._log = folder / "server.log"

    async def run(self, seconds: float, tell: "Tell") -> Outcome:
        """Have clients come and go for so long."""
        _allow_files(2 * self._clients + OTHER_FILES)
        async with Database(self._url) as database, Bus(self._url) as bus, self._served() as server:
            news, watch = News(database, bus), Watch(server.address, psutil.Process(server.process.pid))
            await news.prepare()
            happening = asyncio.create_task(news.happen(), name="news")
            try:
                async with _living(min(FIRST_CLIENTS, self._clients), server.address, news, Found()):
                    await asyncio.sleep(min(FIRST_SECONDS, seconds))
                before = await _settled(watch, None)
                found = Found()
                async with _living(self._clients, server.address, news, found):
                    samples = await _watched(watch, seconds, found, tell)
                after = await _settled(watch, before)
            finally:
                happening.cancel()
                # What kept it from happening is raised here.
                with suppress(asyncio.CancelledError):
                    await happening
        return Outcome(found, before, samples, after, self._faults(found, before, samples, after))

    def _faults(self, found: Found, before: Sample, samples: list[Sample], after: Sample) -> list[str]:
        faults = list(found.faults)
        if found.faulty > len(faults):
            faults.append(f"{found.faulty - len(faults)} more like these")
        faults += [f"After the clients were gone the server still held {what}." for what in left_over(before, after)]
        memory = Memory.of(samples)
        if not memory.is_flat:
            faults.append(
                f"Its memory grew: {memory.middle:.1f} MB in the middle third, {memory.last:.1f} MB in the last."
            )
        text = self._log.read_text(errors="replace")
        trace = TRACES.search(text)
        if trace is not None:
            faults.append(text[max(0, trace.start() - 500) : trace.start() + 4000])
        elif faults:
            faults.append(f"The end of the server's log: {text[-LAST_OF_LOG:]}")
        return faults

    @asynccontextmanager
    async def _served(self) -> AsyncIterator[Process]:
        settings = {
            "VEDETTE_DATABASE_URL": self._url,
            "VEDETTE_HOME": str(self._folder),
            "VEDETTE_MAX_BUFFERED_ITEMS": str(BUFFERED_ITEMS),
            "VEDETTE_MAX_CONNECTIONS": str(2 * self._clients + OTHER_FILES),
            "VEDETTE_MAX_SUBSCRIPTIONS": str(10 * self._clients),
            "PYTHONWARNINGS": "always",
        }
        server = Process("serve", self._log, free_port(), settings, Place())
        try:
            await asyncio.to_thread(server.wait_ready)
            yield server
            await asyncio.to_thread(server.terminate)
        finally:
            if server.is_alive:
                server.kill()


class Tell:
    """Tells how it goes every so often."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._last = time.monotonic()

    def __call__(self, at: float, sample: Sample, found: Found) -> None:
        """Tell it, if it is time."""
        if time.monotonic() - self._last >= self._seconds:
            self._last = time.monotonic()
            print(f"{at / 60:5.1f} min  {sample}; {found.items:,} items, {found.faulty} faults", flush=True)


def _allow_files(wanted: int) -> None:
    """Let this process, and the server after it, have so many files open, as far as the system lets us."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


@asynccontextmanager
async def _living(clients: int, address: str, news: News, found: Found) -> AsyncIterator[None]:
    """Have clients live while the block runs."""
    async with asyncio.TaskGroup() as tasks:

        async def arrive() -> None:
            for number in range(clients):
                living.append(tasks.create_task(live(number, address, news, found), name=f"client {number}"))
                await asyncio.sleep(1 / ARRIVALS_PER_SECOND)

        living: list[asyncio.Task[None]] = []
        arriving = tasks.create_task(arrive(), name="arrivals")
        yield
        arriving.cancel()
        for task in living:
            task.cancel()


async def _watched(watch: Watch, seconds: float, found: Found, tell: Tell) -> list[Sample]:
    """Look a number of times, at even distances."""
    count = min(MOST_SAMPLES, max(LEAST_SAMPLES, int(seconds / SAMPLE_SECONDS)))
    samples: list[Sample] = []
    began = time.monotonic()
    for number in range(1, count + 1):
        await asyncio.sleep(max(0.0, began + seconds * number / count - time.monotonic()))
        samples.append(await watch.look())
        tell(time.monotonic() - began, samples[-1], found)
    return samples


async def _settled(watch: Watch, before: Sample | None) -> Sample:
    """Return what the server holds once it holds no more than before, or has had its time to come to that."""
    until = time.monotonic() + GONE_SECONDS
    while True:
        sample = await watch.look()
        left = left_over(before or sample, sample)
        if not left or time.monotonic() > until:
            return sample
        await asyncio.sleep(0.5)
