"""Keeping leases: renewed several times a lease, claimed up to a fair share, given back above it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from uuid import UUID

from vedette.domain.sensors import SHARDS
from vedette.evaluator.clock import DatabaseClock
from vedette.evaluator.evaluations import Evaluations
from vedette.evaluator.holdings import Holdings
from vedette.evaluator.patience import report
from vedette.faults import Point, reached
from vedette.storage import leases, workers
from vedette.storage.database import Database

ROLE = "EVALUATE"
# How often at least to look for leases whose holder died; a renewal comes with each look.
LOOK_SECONDS = 1.0
# Of a lease: an evaluation that has lasted longer is not expected to end soon.
LONG_SHARE = 0.5


def fair_share(evaluators: int) -> int:
    """Return how many shards one of that many evaluators may hold: all shards are held, none by two."""
    return -(-SHARDS // max(1, evaluators))


class LeaseKeeper:
    """Holds leases for `worker_id` while `run` runs, and calls `settle` after each round that reached the database."""

    def __init__(
        self,
        database: Database,
        worker_id: UUID,
        lease_seconds: float,
        clock: DatabaseClock,
        holdings: Holdings,
        evaluations: Evaluations,
        settle: Callable[[], Awaitable[None]],
    ) -> None:
        self._database = database
        self._worker_id = worker_id
        self._seconds = lease_seconds
        self._clock = clock
        self._holdings = holdings
        self._evaluations = evaluations
        self._settle = settle
        self._leaving_since: dict[int, float] = {}
        self._prepared = False

    async def run(self) -> None:
        """Renew, claim and give back until cancelled."""
        pause = min(LOOK_SECONDS, self._seconds / 3)
        while True:
            try:
                # No longer than the leases may be relied on: what must be given up then is given up below.
                async with asyncio.timeout(self._holdings.seconds_left(time.monotonic()) or self._seconds):
                    await self._round()
                    await self._settle()
            except Exception as error:
                report("renew leases", error)
            self._evaluations.drop_untrusted()
            await asyncio.sleep(pause)

    async def leave(self) -> None:
        """Release everything."""
        reached(Point.LEASE_RELEASE)
        async with self._database.writing() as connection:
            await leases.release(connection, self._worker_id, range(SHARDS))

    async def _round(self) -> None:
        began = time.monotonic()
        lapsed = self._holdings.has_lapsed(began)
        if lapsed:
            self._evaluations.drop_untrusted()
        released = self._drained(began)
        async with self._database.writing() as connection:
            if not self._prepared:
                await leases.prepare(connection)
            await leases.release(connection, self._worker_id, released)
            epochs = await leases.renew(connection, self._worker_id, self._seconds, anew=lapsed)
            live = await workers.live(connection, ROLE)
            share = fair_share(len({*live, self._worker_id}))
            if len(epochs) < share:
                epochs |= await leases.claim(connection, self._worker_id, self._seconds, share - len(epochs))
            before = time.monotonic()
            now = await leases.clock(connection)
            self._clock.measured(now, before, time.monotonic())
            reached(Point.LEASE_RENEW)
        self._prepared = True
        if epochs.keys() - self._holdings.epochs.keys():
            reached(Point.LEASE_CLAIMED)
        self._holdings.renewed(epochs, began)
        self._choose_leaving(len(epochs) - share)

    def _choose_leaving(self, excess: int) -> None:
        """Have `excess` shards begin nothing more, so that they can be given back: those that drain soon.

        Not those with nothing in flight: where all sensors are busy these are the shards that have none, and whoever
        came to help would get no work.
        """
        now = time.monotonic()
        by_length = sorted(self._holdings.epochs, key=lambda shard: (self._is_long_busy(shard, now), -shard))
        kept = [shard for shard in by_length if shard in self._leaving_since]
        chosen = (kept + [shard for shard in by_length if shard not in kept])[: max(0, excess)]
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
