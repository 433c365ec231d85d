"""The law of ids: their order is the order of the times they were made at."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from vedette.domain.ids import first_id, made_at, new_id

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
moments = st.timedeltas(timedelta(), timedelta(days=100 * 365)).map(lambda since: EPOCH + since)


@given(moments, st.timedeltas(timedelta(microseconds=1), timedelta(days=36500)))
def test_ids_are_ordered_by_the_time_they_were_made_at(at: datetime, later: timedelta) -> None:
    after = at + later
    assert first_id(at) <= new_id(at) < first_id(after) <= new_id(after)


@given(moments)
def test_an_id_is_a_uuid_of_version_7_that_tells_its_time(at: datetime) -> None:
    made = new_id(at)
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert timedelta() <= at - made_at(made) < timedelta(milliseconds=1)


def test_ids_are_told_apart_and_made_now() -> None:
    before = datetime.now(UTC)
    made = [new_id() for _ in range(1000)]
    assert len(set(made)) == 1000
    assert first_id(before) <= min(made)
    assert max(made) < first_id(datetime.now(UTC) + timedelta(microseconds=1))
