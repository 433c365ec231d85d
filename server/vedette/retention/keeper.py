"""The keeper of history. Every process of Vedette has one; whichever finds the work due takes it on for all.

Any of them will do, as it is Postgres that works, for some milliseconds a partition. So there is no process whose
absence lets history grow, and none that is slower for it.
"""

import asyncio
import logging
from datetime import datetime, timedelta

from vedette.domain.retention import Kept, expired, expiry, missing
from vedette.errors import DatabaseError
from vedette.settings import Settings
from vedette.storage import retention, table_partitions
from vedette.storage.database import Database
from vedette.storage.retention import Work
from vedette.storage.table_partitions import Busy, Family

logger = logging.getLogger(__name__)

# The start of a process is not the time for it.
FIRST_SECONDS = 5.0
PASS_LASTS = timedelta(minutes=5)
RETRY = timedelta(seconds=10)
LOOKS_PER_PERIOD = 4
LONGEST_DOUBLING = 6


def kept(settings: Settings) -> Kept:
    """Return for how long history is kept."""

    def days(count: float) -> timedelta | None:
        return timedelta(days=count) if count else None

    return Kept(
        skipped=days(settings.keep_skipped_days),
        success=days(settings.keep_success_days),
        failure=days(settings.keep_failure_days),
        cursors=days(settings.keep_cursors_days),
        changes=days(settings.keep_changes_days),
        runs=days(settings.keep_runs_days),
        assets=days(settings.keep_assets_days),
    )


class Keeper:
    """Makes and drops partitions, until cancelled; what fails is recorded, logged and tried again."""

    def __init__(self, url: str, settings: Settings) -> None:
        self._url = url
        self._kept = kept(settings)
        self._period = timedelta(seconds=settings.retention_seconds)
        self._pause = self._period

    async def run(self) -> None:
        """Work whenever it is due."""
        await asyncio.sleep(min(FIRST_SECONDS, self._period.total_seconds()))
        while True:
            self._pause = self._period / LOOKS_PER_PERIOD
            try:
                # No connection is kept for what is done every few minutes.
                async with Database(self._url, pool_size=1, name="history") as database:
                    await self.work(database)
            except Exception as error:
                logger.warning(
                    "Could not look after history (%s); trying again.", _reason(error), exc_info=_stack(error)
                )
                self._pause = min(self._period, RETRY)
            await asyncio.sleep(self._pause.total_seconds())

    async def work(self, database: Database) -> Work | None:
        """Make and drop what is due; None where another process does it, or it is not due."""
        async with database.writing() as connection:
            now = await retention.claim(connection, PASS_LASTS)
        if now is None:
            return None
        run = Pass(database, self._kept, now)
        try:
            async with asyncio.timeout(PASS_LASTS.total_seconds()):
                await run.all()
        except Busy:
            return None
        except Exception as error:
            await self._failed(database, run.work, error)
            return None
        async with database.writing() as connection:
            await retention.succeeded(connection, run.work, self._period)
        if run.work.dropped:
            logger.info("Dropped history that has had its time: %d partitions, %d rows.", *run.work[1:])
        return run.work

    async def _failed(self, database: Database, work: Work, error: Exception) -> None:
        said = _reason(error)
        async with database.writing() as connection:
            failures = await retention.failed(connection, work, said, RETRY, self._period)
        self._pause = min(self._period, RETRY * 2 ** min(failures - 1, LONGEST_DOUBLING))
        logger.warning("Retention failed, %d in a row (%s); trying again.", failures, said, exc_info=_stack(error))


def _stack(error: Exception) -> Exception | None:
    """Return the error where its stack is of use: where it is a fault of ours."""
    return None if isinstance(error, (DatabaseError, OSError, TimeoutError)) else error


def _reason(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


class Pass:
    """One pass over all families as of `now`; `work` is what it has done so far."""

    def __init__(self, database: Database, kept: Kept, now: datetime) -> None:
        self._database = database
        self._kept = kept
        self._now = now
        self.work = Work()

    async def all(self) -> None:
        """Make what is missing, then drop what has had its time. Raises Busy where another process is at it."""
        for family in table_partitions.FAMILIES:
            await self._make(family)
        for family in table_partitions.FAMILIES:
            await self._drop(family)

    async def _make(self, family: Family) -> None:
        while True:
            async with self._database.reading() as connection:
                there = await table_partitions.existing(connection, family)
                astray = await table_partitions.astray(connection, family)
            wanted = missing(self._now, self._kept.of(family.kind), list(there), astray)
            for covered in wanted:
                async with self._database.writing() as connection:
                    await table_partitions.make(connection, family, covered)
                self.work = self.work._replace(made=self.work.made + 1)
            if not wanted:
                return

    async def _drop(self, family: Family) -> None:
        keep = self._kept.of(family.kind)
        async with self._database.reading() as connection:
            there = await table_partitions.existing(connection, family)
        since = expiry(self._now, keep)
        for covered in expired(self._now, keep, list(there)):
            name = there[covered]
            async with self._database.reading() as connection:
                if await table_partitions.is_needed(connection, family, name, covered, since):
                    continue
            await self._drop_one(family, name)

    async def _drop_one(self, family: Family, name: str) -> None:
        if family.stream is not None:
            async with self._database.writing() as connection:
                await table_partitions.forget(connection, family, name)
        async with self._database.writing() as connection:
            rows = await table_partitions.drop(connection, name)
        self.work = self.work._replace(dropped=self.work.dropped + 1, rows=self.work.rows + rows)
