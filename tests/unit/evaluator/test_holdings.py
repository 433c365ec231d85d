"""Holdings: when leases may be relied on."""

from datetime import UTC, datetime, timedelta

import pytest

from vedette.domain.sensors import SHARDS, shard_of
from vedette.evaluator.clock import DatabaseClock
from vedette.evaluator.holdings import Holdings
from vedette.evaluator.lease_keeper import fair_share


def test_leases_are_trusted_until_a_margin_before_they_run_out() -> None:
    holdings = Holdings(lease_seconds=10.0)
    holdings.renewed({3: 7}, began=100.0)
    assert holdings.trusts(3, 7, 108.9)
    assert not holdings.trusts(3, 7, 109.0)
    assert not holdings.trusts(3, 6, 101.0)
    assert not holdings.trusts(4, 7, 101.0)
    assert not holdings.has_lapsed(108.9)
    assert holdings.has_lapsed(109.0)


def test_a_shard_begins_nothing_before_it_is_ready_nor_while_it_leaves_nor_under_a_new_epoch() -> None:
    holdings = Holdings(lease_seconds=10.0)
    holdings.renewed({3: 7}, began=100.0)
    assert holdings.may_begin(3, 101.0) is None
    holdings.made_ready(holdings.unready())
    assert holdings.may_begin(3, 101.0) == 7
    holdings.leaving = frozenset({3})
    assert holdings.may_begin(3, 101.0) is None
    holdings.leaving = frozenset()
    holdings.renewed({3: 8}, began=101.0)
    assert holdings.may_begin(3, 101.0) is None
    assert holdings.unready() == [(3, 8)]


@pytest.mark.parametrize(("evaluators", "share"), [(0, 16), (1, 16), (2, 8), (3, 6), (16, 1), (40, 1)])
def test_the_fair_share_covers_all_shards(evaluators: int, share: int) -> None:
    assert fair_share(evaluators) == share


def test_the_shard_of_a_sensor_never_changes() -> None:
    assert (shard_of("here", "inbox"), shard_of("", ""), shard_of("a", "b")) == (2, 13, 1)
    assert {shard_of("here", f"sensor {n}") for n in range(500)} == set(range(SHARDS))


def test_the_clock_keeps_an_exact_measurement_over_a_vague_one_until_it_is_old() -> None:
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    clock = DatabaseClock()
    clock.measured(noon, 100.0, 100.002)
    assert clock.at(100.001) == noon
    assert clock.monotonic(noon + timedelta(seconds=5)) == pytest.approx(105.001)
    clock.measured(noon + timedelta(seconds=3), 101.0, 103.0)
    assert clock.at(100.001) == noon
    clock.measured(noon + timedelta(seconds=60), 131.0, 133.0)
    assert clock.at(132.0) == noon + timedelta(seconds=60)
