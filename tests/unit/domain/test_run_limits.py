"""Which runs of a queue start under limits: the laws that hold whatever the limits and the queue are."""

from collections import Counter
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from vedette.domain.run_limits import (
    ALL,
    KEEPS_AFTER_SECONDS,
    Admission,
    LimitKey,
    Room,
    RunLimit,
    RunLimitKind,
    RunLimits,
    Runner,
    Waiting,
    keys_of_lane,
    lane_of,
)

JOBS = ("clean", "report")
TAGS = st.dictionaries(st.sampled_from(["team", "db"]), st.sampled_from(["a", "b"]))
SUBJECTS: list[LimitKey] = [
    ALL,
    *(("job", "shop", job) for job in JOBS),
    *(("tag", "team"), ("tag", "db", "a"), ("each", "team"), ("each", "db")),
]
LIMITS = st.dictionaries(st.sampled_from(SUBJECTS), st.integers(0, 4))
RUNNERS = st.builds(Runner, st.just("shop"), st.sampled_from(JOBS), TAGS)


def limits_of(given: dict[LimitKey, int]) -> RunLimits:
    return RunLimits(RunLimit(UUID(int=0), subject, most) for subject, most in given.items())


def waiting(number: int, runner: Runner, seconds: float = 0.0) -> Waiting:
    return Waiting((0, number, UUID(int=number + 1)), runner, seconds)


def runner(job: str = "clean", **tags: str) -> Runner:
    return Runner("shop", job, tags)


def starts(
    given: dict[LimitKey, int], queue: list[Waiting], *, free: int = 10, running: tuple[Runner, ...] = ()
) -> list[int]:
    """Return the places of the runs that start, counted from 1."""
    admission = Admission(Room(limits_of(given), [(each, 1) for each in running]), free)
    for each in queue:
        admission.meet(each)
    return [key.int for key in admission.starts]


@given(
    LIMITS,
    st.lists(RUNNERS, max_size=6),
    st.lists(st.tuples(RUNNERS, st.sampled_from([0.0, 99.0])), max_size=12),
    st.integers(0, 6),
)
def test_no_limit_is_passed_and_no_slot_is_left_to_what_may_start(
    given: dict[LimitKey, int], running: list[Runner], queue: list[tuple[Runner, float]], free: int
) -> None:
    limits = limits_of(given)
    before = Room(limits, [(each, 1) for each in running]).taken
    admission = Admission(Room(limits, [(each, 1) for each in running]), free)
    met = [waiting(number, each, seconds) for number, (each, seconds) in enumerate(queue)]
    for each in met:
        admission.meet(each)
    started = [each for each in met if each.id in admission.starts]
    assert [each.id for each in started] == admission.starts, "not in the order of the queue"
    assert len(started) <= free
    counts: Counter[LimitKey] = Counter(key for each in started for key in limits.keys_of(each.runner))
    for key, count in counts.items():
        limit = limits.limit_of(key)
        assert limit is not None
        assert before[key] + count <= limit.max_runs
    left = Room(limits, [(each, 1) for each in running] + [(each.runner, 1) for each in started])
    could = [each for each in met if each not in started and not left.full(limits.keys_of(each.runner))]
    # What could start and did not waits for a slot, or room is kept for one that came before and has waited long.
    if could and len(started) < free:
        assert any(
            each.seconds and each.place < could[0].place and left.full(limits.keys_of(each.runner)) for each in met
        )
    # Whatever was met behind a limit of its own has the lane of its limits.
    for each in met:
        if each.id in admission.lanes:
            assert keys_of_lane(admission.lanes[each.id]) == tuple(
                key for key in limits.keys_of(each.runner) if key != ALL
            )
            assert each not in started


def test_a_run_behind_a_limit_is_passed_by_those_that_are_not() -> None:
    queue = [waiting(0, runner()), waiting(1, runner()), waiting(2, runner("report"))]
    assert starts({("job", "shop", "clean"): 1}, queue) == [1, 3]


def test_each_value_of_a_tag_has_as_many() -> None:
    queue = [waiting(number, runner(team=team)) for number, team in enumerate("aabbc")]
    assert starts({("each", "team"): 1}, queue) == [1, 3, 5]


def test_runs_in_all_count_those_that_are_running() -> None:
    queue = [waiting(number, runner()) for number in range(4)]
    assert starts({ALL: 3}, queue, running=(runner("report"),)) == [1, 2]


def test_what_waits_for_several_limits_is_not_passed_for_ever() -> None:
    """The first needs a place of both tags; those behind it need only that one that is free."""
    limits: dict[LimitKey, int] = {("tag", "team"): 1, ("tag", "db"): 1}
    both, one = runner(team="a", db="a"), runner(db="a")
    running = (runner("report", team="b"),)
    assert starts(limits, [waiting(0, both), waiting(1, one)], running=running) == [2]
    long = waiting(0, both, KEEPS_AFTER_SECONDS)
    assert starts(limits, [long, waiting(1, one)], running=running) == []
    assert starts(limits, [long, waiting(1, one)]) == [1]


def test_only_the_first_of_a_lane_keeps_room() -> None:
    limits: dict[LimitKey, int] = {("tag", "team"): 1, ("tag", "db"): 2}
    long = [waiting(number, runner(team="a", db="a"), KEEPS_AFTER_SECONDS) for number in range(3)]
    queue = [*long, waiting(3, runner(db="a")), waiting(4, runner(db="a"))]
    assert starts(limits, queue, running=(runner("report", team="b"),)) == [4]


def test_a_lane_says_its_keys_and_what_all_fall_under_is_none_of_them() -> None:
    keys: list[LimitKey] = [ALL, ("job", "a/b", 'c"d'), ("each", "team", "")]
    assert keys_of_lane(lane_of(keys)) == tuple(keys[1:])
    assert lane_of([ALL]) == "" == lane_of(())
    assert keys_of_lane("") == ()


def test_kinds_and_names() -> None:
    told = {subject: RunLimit(UUID(int=0), subject, 1) for subject in SUBJECTS}
    assert {limit.kind for limit in told.values()} == set(RunLimitKind)
    assert str(told[ALL]) == "runs in all"
    assert str(told[("job", "shop", "clean")]) == "runs of the job clean (shop)"
    assert str(told[("tag", "team")]) == "runs with the tag team"
    assert str(told[("tag", "db", "a")]) == "runs with the tag db=a"
    assert str(told[("each", "team")]) == "runs of each value of the tag team"
