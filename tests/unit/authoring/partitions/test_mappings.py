"""Mappings of partitions: the laws that hold for all, and what each tells."""

from datetime import UTC, datetime
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vedette import (
    AllPartitionMapping,
    DailyPartitionsDefinition,
    DefinitionError,
    DimensionPartitionMapping,
    HourlyPartitionsDefinition,
    IdentityPartitionMapping,
    LastPartitionMapping,
    MonthlyPartitionsDefinition,
    MultiPartitionMapping,
    MultiPartitionsDefinition,
    MultiToSingleDimensionPartitionMapping,
    PartitionMapping,
    PartitionsDefinition,
    SpecificPartitionsPartitionMapping,
    StaticPartitionMapping,
    StaticPartitionsDefinition,
    TimeWindowPartitionMapping,
    UnknownPartition,
    WeeklyPartitionsDefinition,
)
from vedette.authoring.partitions.mappings import Between
from vedette.authoring.partitions.multi_mappings import mapping_between
from vedette.domain.partitions import window_of

NOW = datetime(2026, 4, 3, 10, 30, tzinfo=UTC)
ZONE = "America/New_York"
LETTERS = StaticPartitionsDefinition(["a", "b", "c", "d"])
SOME = StaticPartitionsDefinition(["b", "d", "z"])
# The clock changes on 8 March.
DAYS = DailyPartitionsDefinition("2026-03-01", timezone=ZONE)
HOURS = HourlyPartitionsDefinition("2026-03-07-00:00", timezone=ZONE)
TIMES: list[PartitionsDefinition] = [
    HOURS,
    DAYS,
    DailyPartitionsDefinition("2026-02-20", timezone="UTC", hour_offset=5, end_offset=1),
    WeeklyPartitionsDefinition("2026-01-01", timezone=ZONE),
    MonthlyPartitionsDefinition("2025-06-01", timezone=ZONE),
]
BOTH = MultiPartitionsDefinition({"day": DAYS, "letter": LETTERS})
OTHER = MultiPartitionsDefinition({"when": TIMES[3], "which": SOME})

times = st.sampled_from(TIMES)
statics = st.sampled_from([LETTERS, SOME])
written = st.dictionaries(st.sampled_from("abcd"), st.sets(st.sampled_from("bdz")), max_size=4)
offsets = st.integers(-3, 3)

Case = tuple[PartitionMapping, PartitionsDefinition, PartitionsDefinition]


def time_mapping(start: int, end: int) -> TimeWindowPartitionMapping:
    return TimeWindowPartitionMapping(start, end, allow_nonexistent_upstream_partitions=True)


any_side = times | statics | st.just(BOTH)
cases: st.SearchStrategy[Case] = st.one_of(
    st.tuples(
        st.sampled_from([IdentityPartitionMapping(), AllPartitionMapping(), LastPartitionMapping()]), any_side, any_side
    ),
    st.tuples(st.just(SpecificPartitionsPartitionMapping(["b", "nowhere"])), statics, any_side),
    st.tuples(st.builds(StaticPartitionMapping, written), st.just(LETTERS), st.just(SOME)),
    st.tuples(st.builds(time_mapping, offsets, offsets), times, times),
    st.tuples(st.just(MultiToSingleDimensionPartitionMapping()), st.just(BOTH), st.sampled_from([DAYS, LETTERS])),
    st.tuples(st.just(MultiToSingleDimensionPartitionMapping("day")), st.just(DAYS), st.just(BOTH)),
    st.tuples(
        st.builds(
            lambda start, end: MultiPartitionMapping(
                {
                    "day": DimensionPartitionMapping("when", time_mapping(start, end)),
                    "letter": DimensionPartitionMapping("which", IdentityPartitionMapping()),
                }
            ),
            offsets,
            offsets,
        ),
        st.just(BOTH),
        st.just(OTHER),
    ),
    st.tuples(
        st.just(MultiPartitionMapping({"letter": DimensionPartitionMapping("which", IdentityPartitionMapping())})),
        st.just(BOTH),
        st.just(OTHER),
    ),
)


@settings(max_examples=60)
@given(cases, st.randoms(use_true_random=False))
def test_both_ways_agree_and_tell_keys_that_there_are(case: Case, random: Random) -> None:
    mapping, upstream, downstream = case
    between = Between(upstream, downstream, NOW)
    ups, downs = list(between.upstream_keys()), list(between.downstream_keys())
    for key in random.sample(downs, min(4, len(downs))):
        found = mapping.upstream_of(key, between)
        assert set(found) <= set(ups)
        assert len(set(found)) == len(found)
        for one in random.sample(list(found), min(5, len(found))):
            assert key in mapping.downstream_of(one, between)
    for key in random.sample(ups, min(4, len(ups))):
        found = mapping.downstream_of(key, between)
        assert set(found) <= set(downs)
        for one in random.sample(list(found), min(5, len(found))):
            assert key in mapping.upstream_of(one, between)
    assert mapping.downstream_of("nonsense", between) == []


@settings(max_examples=40)
@given(times, times, st.data())
def test_windows_depend_on_those_that_overlap_and_no_others(
    upstream: PartitionsDefinition, downstream: PartitionsDefinition, data: st.DataObject
) -> None:
    between = Between(upstream, downstream, NOW)
    key = data.draw(st.sampled_from(list(between.downstream_keys())))
    own = window_of(downstream.spec, key)
    assert own is not None
    windows = [(one, window_of(upstream.spec, one)) for one in between.upstream_keys()]
    overlap = [one for one, window in windows if window and window.start < own.end and window.end > own.start]
    assert list(time_mapping(0, 0).upstream_of(key, between)) == overlap


def test_a_window_moves_by_so_many() -> None:
    between = Between(DAYS, DAYS, NOW)
    before = TimeWindowPartitionMapping(start_offset=-1)
    assert list(before.upstream_of("2026-03-08", between)) == ["2026-03-07", "2026-03-08"]
    assert list(before.downstream_of("2026-03-08", between)) == ["2026-03-08", "2026-03-09"]
    yesterday = TimeWindowPartitionMapping(-1, -1)
    assert list(yesterday.upstream_of("2026-03-09", between)) == ["2026-03-08"]
    hours = Between(HOURS, DAYS, NOW)
    assert len(TimeWindowPartitionMapping().upstream_of("2026-03-08", hours)) == 23
    assert list(TimeWindowPartitionMapping().downstream_of("2026-03-08-23:00", hours)) == ["2026-03-08"]


def test_time_that_has_no_partition_upstream_is_an_error_unless_allowed() -> None:
    between = Between(HOURS, DAYS, NOW)
    with pytest.raises(
        UnknownPartition, match=r"'2026-03-01' is made from .*allow_nonexistent_upstream_partitions=True"
    ):
        TimeWindowPartitionMapping().upstream_of("2026-03-01", between)
    assert list(time_mapping(0, 0).upstream_of("2026-03-01", between)) == []
    with pytest.raises(UnknownPartition, match="no partition 'tomorrow'"):
        TimeWindowPartitionMapping().upstream_of("tomorrow", between)


def test_the_rest_tell_what_they_say() -> None:
    between = Between(LETTERS, SOME)
    assert list(IdentityPartitionMapping().upstream_of("b", between)) == ["b"]
    assert list(IdentityPartitionMapping().upstream_of("z", between)) == []
    assert list(AllPartitionMapping().upstream_of("z", between)) == ["a", "b", "c", "d"]
    assert list(LastPartitionMapping().upstream_of("z", between)) == ["d"]
    assert list(LastPartitionMapping().downstream_of("d", between)) == ["b", "d", "z"]
    assert list(LastPartitionMapping().downstream_of("a", between)) == []
    assert list(SpecificPartitionsPartitionMapping(["a"]).upstream_of("z", between)) == ["a"]
    static = StaticPartitionMapping({"a": "z", "b": ["b", "z"]})
    assert list(static.upstream_of("z", between)) == ["a", "b"]
    assert list(static.downstream_of("b", between)) == ["b", "z"]


def test_dimensions_that_are_not_named_may_be_any() -> None:
    between = Between(BOTH, LETTERS, NOW)
    single = MultiToSingleDimensionPartitionMapping()
    found = single.upstream_of("c", between)
    assert len(found) == len(DAYS.get_partition_keys(NOW))
    assert found[0] == "2026-03-01|c"
    assert list(single.downstream_of("2026-03-02|c", between)) == ["c"]
    weeks = Between(TIMES[3], BOTH, NOW)
    assert list(single.upstream_of("2026-03-10|a", weeks)) == ["2026-03-08"]
    assert len(single.downstream_of("2026-03-08", weeks)) == 7 * 4


def test_an_asset_without_partitions_is_made_from_all() -> None:
    mapping = mapping_between(LETTERS, None)
    assert list(mapping.upstream_of(None, Between(LETTERS, None))) == ["a", "b", "c", "d"]
    assert list(mapping.downstream_of("a", Between(LETTERS, None))) == []


@pytest.mark.parametrize(
    ("upstream", "downstream", "meant"),
    [
        (LETTERS, LETTERS, IdentityPartitionMapping()),
        (HOURS, DAYS, TimeWindowPartitionMapping()),
        (BOTH, DAYS, MultiToSingleDimensionPartitionMapping()),
        (LETTERS, BOTH, MultiToSingleDimensionPartitionMapping()),
        (BOTH, SOME, AllPartitionMapping()),
        (BOTH, BOTH, IdentityPartitionMapping()),
        (DAYS, None, AllPartitionMapping()),
    ],
)
def test_what_is_meant_where_no_mapping_is_given(
    upstream: PartitionsDefinition, downstream: PartitionsDefinition | None, meant: PartitionMapping
) -> None:
    assert mapping_between(upstream, downstream) == meant


@pytest.mark.parametrize(
    ("mapping", "upstream", "downstream", "flaw"),
    [
        (TimeWindowPartitionMapping(), LETTERS, DAYS, "but upstream has StaticPartitionsDefinition"),
        (StaticPartitionMapping({"x": "b"}), LETTERS, SOME, "key 'x', which is none of upstream"),
        (StaticPartitionMapping({"a": "c"}), LETTERS, SOME, "key 'c', which is none of downstream"),
        (MultiToSingleDimensionPartitionMapping(), DAYS, LETTERS, "several dimensions on one side"),
        (MultiToSingleDimensionPartitionMapping(), BOTH, SOME, "No dimension is that of"),
        (MultiPartitionMapping({}), BOTH, DAYS, "several dimensions, which"),
    ],
)
def test_a_mapping_that_does_not_fit_is_refused(
    mapping: PartitionMapping, upstream: PartitionsDefinition, downstream: PartitionsDefinition, flaw: str
) -> None:
    with pytest.raises(DefinitionError, match=flaw):
        mapping.check(upstream, downstream)
