"""Budgets: what is taken, what comes back, and when there is enough again."""

from uuid import UUID

import pytest

from vedette.access import quotas
from vedette.access.authority import EVERYBODY, Authority
from vedette.access.quotas import Account, Bucket, Charge, Quotas
from vedette.access.rooms import Limit, Room, TooMany
from vedette.domain.access import Quota, Role
from vedette.settings import Settings


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(quotas, "time", clock)
    return clock


def authority(number: int = 1, quota: Quota | None = None) -> Authority:
    key = UUID(int=number)
    return Authority("a", Role.VIEWER, key=key, token=key, quota=quota or Quota())


def test_all_of_a_budget_may_be_used_at_once_and_comes_back_within_a_minute(clock: Clock) -> None:
    bucket = Bucket(Limit("x", 60, "things"))
    assert bucket.take(60) == 60
    with pytest.raises(TooMany) as refused:
        bucket.take(3)
    assert refused.value.seconds == 3
    assert str(refused.value) == "You may have 60 things (x); again in 3 s."
    clock.seconds += 3
    assert bucket.take(3) == 3
    clock.seconds += 30
    assert bucket.level == (60, 30, 30.0)
    clock.seconds += 600
    assert bucket.level == (60, 60, 0.0)


def test_what_costs_more_than_all_takes_all(clock: Clock) -> None:
    bucket = Bucket(Limit("x", 60, "things"))
    assert bucket.take(1000) == 60
    with pytest.raises(TooMany) as refused:
        bucket.take(1000)
    assert refused.value.seconds == 60


def test_what_is_refused_takes_nothing(clock: Clock) -> None:
    bucket = Bucket(Limit("x", 60, "things"))
    bucket.take(50)
    for _ in range(5):
        with pytest.raises(TooMany):
            bucket.take(20)
    assert bucket.level.left == 10


def test_what_was_not_used_is_given_back_and_what_was_used_besides_is_taken(clock: Clock) -> None:
    account = Account(authority(), Settings(token_cost_per_minute=60))
    charge = Charge(account, 50)
    assert charge.level is not None
    assert charge.level.left == 10
    charge.settle(20)
    assert charge.level.left == 40
    # Lists may be longer than was thought: the next one waits for it.
    Charge(account, 30).settle(100)
    assert account.cost.level == (60, 0, 120.0)
    with pytest.raises(TooMany) as refused:
        Charge(account, 1)
    assert refused.value.seconds == 61
    # However much it was, a minute's budget is owed at most.
    account.cost.give_back(-1000)
    assert account.cost.level.seconds == 120


def test_nothing_limits_whoever_is_not_asked_who_they_are() -> None:
    assert Quotas(Settings()).of(EVERYBODY) is None
    charge = Charge(None, 10**9)
    charge.settle(0)
    assert charge.level is None


def test_a_token_has_its_own_limits_where_they_are_said() -> None:
    settings = Settings(token_requests_per_minute=5, token_streams=7)
    account = Account(authority(quota=Quota(requests_per_minute=3)), settings)
    assert account.requests.limit[:2] == ("requests_per_minute of the token", 3)
    assert account.streams.limit[:2] == ("token_streams", 7)


def test_those_who_ask_nothing_are_forgotten_and_those_who_follow_are_not(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quotas, "MOST_REMEMBERED", 2)
    known = Quotas(Settings())
    following, quiet = known.of(authority(1)), known.of(authority(2))
    assert following is not None
    with following.streams.one():
        clock.seconds += quotas.MINUTE + 1
        known.of(authority(3))
        assert known.of(authority(1)) is following
        assert known.of(authority(2)) is not quiet


def test_a_room_is_free_again_when_what_was_in_it_has_ended() -> None:
    room = Room(Limit("x", 1, "things"), "There are {most} {what} ({name}).")
    with room.one(), pytest.raises(TooMany, match=r"There are 1 things \(x\)\."), room.one():
        pass
    with room.one():
        assert room.taken == 1
    assert room.taken == 0
