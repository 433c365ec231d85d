"""Moments: written and read as Postgres means them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.storage import direct, moments
from vedette.storage.database import Database
from vedette.storage.direct import Statement

# That of Postgres ends before ours, at either end.
EARLIEST, LATEST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45)), timezone(timedelta(hours=-11))])
MOMENTS = st.datetimes(EARLIEST.replace(tzinfo=None), LATEST.replace(tzinfo=None), timezones=ZONES)
ECHO = Statement("SELECT CAST(:given AS timestamptz) AS same, CAST(CAST(:text AS text) AS timestamptz) AS read")
BOUNDS = Statement("SELECT timestamptz '-infinity' AS first, timestamptz 'infinity' AS last")
LISTED = Statement("SELECT CAST(:given AS timestamptz[]) AS same")


@given(MOMENTS)
def test_what_was_written_is_read(moment: datetime) -> None:
    found = moments.decode(moments.encode(moment))
    assert found == moment
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    "moment",
    [
        datetime(1999, 12, 31, 23, 59, 59, 999999, UTC),
        datetime(2000, 1, 1, tzinfo=UTC),
        datetime(2026, 7, 1, 12, 0, 0, 1, timezone(timedelta(hours=2))),
        EARLIEST,
        LATEST,
    ],
)
async def test_postgres_means_the_same(database: Database, moment: datetime) -> None:
    async with database.reading() as connection:
        [found] = await direct.fetch(connection, ECHO, {"given": moment, "text": moment.isoformat()})
        [listed] = await direct.fetch(connection, LISTED, {"given": [moment, None]})
    assert found["same"] == found["read"] == moment
    assert listed["same"] == [moment, None]


async def test_what_lies_beyond_is_the_first_or_the_last_moment(database: Database) -> None:
    async with database.reading() as connection:
        [found] = await direct.fetch(connection, BOUNDS, {})
    assert found["first"] == datetime.min.replace(tzinfo=UTC)
    assert found["last"] == datetime.max.replace(tzinfo=UTC)


def test_a_moment_without_a_time_zone_is_refused() -> None:
    with pytest.raises(TypeError):
        moments.encode(EARLIEST.replace(tzinfo=None))
