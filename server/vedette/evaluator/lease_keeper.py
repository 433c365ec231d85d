"""Keeping leases: renewed several times a lease, claimed up to a fair share, given back above it.

Each code location has shards of its own, shared among the evaluators that have loaded it. Those of a location that
nobody has loaded are shared among all: somebody has to close what a crash left open.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from uuid import UUID

from vedette.bus import Bus
from vedette.bus.topics import CODE_LOCATIONS
from vedette.domain.sensors import SHARDS, shards_of
from vedette.evaluator.clock import DatabaseClock
from vedette.evaluator.code import LoadedCode
from vedette.evaluator.evaluations import Evaluations
from vedette.evaluator.holdings import Holdings
from vedette.evaluator.patience import report
from vedette.faults import Point, reached
from vedette.storage import leases
from vedette.storage.database import Database
from vedette.storage.leases import Served

# How often at least to look for leases whose holder died; a renewal comes with each look.
LOOK_SECONDS = 1.0
# Of a lease: an evaluation that has lasted longer is not expected to end soon.
LONG_SHARE = 0.5


def fair_share(evaluators: int) -> int:
    """Return how many shards of a location one of that many evaluators may hold: all are held, none by two."""
    return -(-SHARDS // max(1, evaluators))


def share_of(served: Served) -> int:
    """Return how many shards of the code location this evaluator may hold."""
    if not served.loaded_by:
        return fair_share(served.evaluators)
    return fair_share(served.loaded_by) if served.is_loaded else 0


class LeaseKeeper:
    """Holds leases for `worker_id` while `run` runs, and calls `settle` after each round that reached the database."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        worker_id: UUID,
        lease_seconds: float,
        clock: DatabaseClock,
        code: LoadedCode,
        holdings: Holdings,
        evaluations: Evaluations,
        settle: Callable[[], Awaitable[None]],
    ) -> None:
        self._database = database
        self._bus = bus
        self._code = code
        self._worker_id = worker_id
        self._seconds = lease_seconds
        self._clock = clock
        self._holdings = holdings
        self._evaluations = evaluations
        self._settle = settle
        self._leaving_since: dict[int, float] = {}
        self._prepared: set[int] = set()

    async def run(self) -> None:
        """Renew, claim and give back until cancelled, at once when another code location was loaded."""
        pause = min(LOOK_SECONDS, self._seconds / 3)
        with self._bus.listen(CODE_LOCATIONS) as loaded:
            while True:
                try:
                    # No longer than the leases may be relied on: what must be given up then is given up below.
                    async with asyncio.timeout(self._holdings.seconds_left(time.monotonic()) or self._seconds):
                        await self._round()
                        await self._settle()
                except Exception as error:
                    report("renew leases", error)
                self._evaluations.drop_untrusted()
                await loaded.wait(pause)

    async def leave(self) -> None:
        """Release everything."""
        reached(Point.LEASE_RELEASE)
        async with self._database.writing() as connection:
            await leases.release(connection, self._worker_id, None)

    async def _round(self) -> None:
        began = time.monotonic()
        lapsed = self._holdings.has_lapsed(began)
        if lapsed:
            self._evaluations.drop_untrusted()
        released = self._drained(began)
        async with self._database.writing() as connection:
            served = await leases.served(connection, self._worker_id, self._seconds, self._code.loaded())
            shares = {one.number: share_of(one) for one in served}
            if new := shares.keys() - self._prepared:
                await leases.prepare(connection, sorted(new))
            await leases.release(connection, self._worker_id, released)
            epochs = await leases.renew(connection, self._worker_id, self._seconds, anew=lapsed)
            lacking = {number: -over for number, over in _over(shares, epochs).items() if over < 0}
            if lacking:
                epochs |= await leases.claim(connection, self._worker_id, self._seconds, lacking)
            before = time.monotonic()
            now = await leases.clock(connection)
            self._clock.measured(now, before, time.monotonic())
            reached(Point.LEASE_RENEW)
        self._prepared |= shares.keys()
        if epochs.keys() - self._holdings.epochs.keys():
            reached(Point.LEASE_CLAIMED)
        self._holdings.renewed(epochs, began)
        self._choose_leaving({number: over for number, over in _over(shares, epochs).items() if over > 0})

    def _choose_leaving(self, excess: Mapping[int, int]) -> None:
        """Have that many shards of each location begin nothing more, so that they can be given back.

        It is those that drain soon, not those with nothing in flight: where all sensors are busy these are the shards
        that have none, and whoever came to help would get no work.
        """
        now = time.monotonic()
        by_length = sorted(self._holdings.epochs, key=lambda shard: (self._is_long_busy(shard, now), -shard))
        kept = [shard for shard in by_length if shard in self._leaving_since]
        preferred = kept + [shard for shard in by_length if shard not in kept]
        chosen = [
            shard
            for number, over in excess.items()
            for shard in [one for one in preferred if one in shards_of(number)][:over]
        ]
        self._leaving_since = {shard: self._leaving_since.get(shard, now) for shard in chosen}
        self._holdings.leaving = frozenset(chosen)

    def _is_long_busy(self, shard: int, now: float) -> bool:
        """Tell whether an evaluation in flight has lasted for so long that it may well be cut off for the shard."""
        return any(now - flight.began > LONG_SHARE * self._seconds for flight in self._evaluations.of(shard))

    def _drained(self, now: float) -> list[int]:
        """Return the leaving shards with nothing in flight; what keeps one longer than a lease is given up."""
        for shard, since in self._leaving_since.items():
            if now - since > self._seconds:
                self._evaluations.drop(shard)
        return [shard for shard in self._leaving_since if not self._evaluations.of(shard)]


def _over(shares: Mapping[int, int], held: Mapping[int, int]) -> dict[int, int]:
    """Return by code location how many more of its shards are held than its share; below 0 where more may be."""
    counts = Counter(shard // SHARDS for shard in held)
    return {number: counts[number] - share for number, share in shares.items()}
