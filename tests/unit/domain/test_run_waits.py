"""Why a run waits: each reason, and that none is told which is not true."""

from uuid import UUID

from vedette.domain.run_limits import ALL, KEEPS_AFTER_SECONDS, LimitKey, Room, RunLimit, RunLimits, Runner, Waiting
from vedette.domain.run_waits import (
    BehindOthers,
    Held,
    Launcher,
    LimitReached,
    NoLauncher,
    Queued,
    SlotsTaken,
    WaitReason,
    Waits,
)

HERE = Launcher(UUID(int=100), 4, 0, ["shop"])
FULL = Launcher(UUID(int=101), 2, 2, ["shop", "bank"])


def runner(job: str = "clean", **tags: str) -> Runner:
    return Runner("shop", job, tags)


def queued(of: Runner, position: int = 1, higher: int = 0, seconds: float = 0.0) -> Queued:
    return Queued(Waiting((0, position, UUID(int=position)), of, seconds), position, higher)


def reasons(
    run: Queued,
    *launchers: Launcher,
    limits: dict[LimitKey, int] | None = None,
    running: tuple[Runner, ...] = (),
    firsts: tuple[Queued, ...] = (),
) -> tuple[WaitReason, ...]:
    known = RunLimits(RunLimit(UUID(int=0), subject, most) for subject, most in (limits or {}).items())
    held = [Held(known.keys_of(each), 1, [UUID(int=1000 + number)]) for number, each in enumerate(running)]
    room = Room(known, [(each, 1) for each in running])
    return Waits(room, held, [each.waiting for each in firsts], launchers).of(run).reasons


def test_nothing_holds_up_what_is_about_to_start() -> None:
    assert reasons(queued(runner()), HERE) == ()
    # Others that come before it are in nobody's way where slots are free.
    assert reasons(queued(runner(), position=9), HERE, FULL) == ()


def test_no_launcher_can_execute_it() -> None:
    assert reasons(queued(runner()), Launcher(UUID(int=1), 4, 0, ["bank"])) == (NoLauncher("shop"),)
    assert "shop" in NoLauncher("shop").message


def test_all_slots_are_taken() -> None:
    [reason] = reasons(queued(runner()), FULL)
    assert reason == SlotsTaken(2, (FULL.id,))
    assert reason.message == "All 2 slots of the launcher that could execute it are taken."
    [taken, behind] = reasons(queued(runner(), position=4, higher=2), FULL, Launcher(UUID(int=3), 1, 1, ["shop"]))
    assert taken.message == "All 3 slots of the 2 launchers that could execute it are taken."
    assert behind == BehindOthers(3, 2)
    assert behind.message == "3 runs come before it in the queue, 2 of them by priority."
    assert BehindOthers(1, 0).message == "1 run comes before it in the queue."


def test_a_limit_is_reached() -> None:
    limits: dict[LimitKey, int] = {("each", "team"): 1, ("job", "shop", "clean"): 2}
    running = (runner("report", team="a"), runner("report", team="b"))
    [reason] = reasons(queued(runner(team="b"), position=3), HERE, limits=limits, running=running)
    assert isinstance(reason, LimitReached)
    assert (reason.limit.subject, reason.key, reason.running) == (("each", "team"), ("each", "team", "b"), 1)
    assert reason.runs == (UUID(int=1001),)
    assert reason.message == "The limit of 1 runs with the tag team=b is reached: 1 of them is running."
    assert reasons(queued(runner(team="c")), HERE, limits=limits, running=running) == ()


def test_every_limit_that_is_reached_is_told_and_who_comes_before_where_it_is_one_of_all() -> None:
    limits: dict[LimitKey, int] = {ALL: 1, ("tag", "team"): 1}
    found = reasons(queued(runner(team="a"), position=2), HERE, limits=limits, running=(runner(team="b"),))
    assert [type(each) for each in found] == [LimitReached, LimitReached, BehindOthers]


def test_room_is_kept_for_a_run_that_waits_for_several_limits() -> None:
    limits: dict[LimitKey, int] = {("tag", "team"): 1, ("tag", "db"): 1}
    first = queued(runner(team="a", db="a"), 1, seconds=KEEPS_AFTER_SECONDS)
    run = queued(runner(db="b"), 2)
    running = (runner(team="b"),)
    [reason] = reasons(run, HERE, limits=limits, running=running, firsts=(first,))
    assert isinstance(reason, LimitReached)
    assert (reason.key, reason.running, reason.kept_for) == (("tag", "db"), 0, first.waiting.id)
    assert "room is kept" in reason.message
    # Not for one that comes after it, nor for one that came just now, nor where all is free.
    assert (
        reasons(run, HERE, limits=limits, running=running, firsts=(queued(first.waiting.runner, 3, seconds=99),)) == ()
    )
    assert reasons(run, HERE, limits=limits, running=running, firsts=(queued(first.waiting.runner, 1),)) == ()
    assert reasons(run, HERE, limits=limits, firsts=(first,)) == ()
