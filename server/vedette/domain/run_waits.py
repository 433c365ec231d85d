"""Why a run waits in the queue: everything that holds it up now. Pure."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

import msgspec

from vedette.domain.run_limits import ALL, Admission, LimitKey, Room, RunLimit, Waiting, named

# How many of the runs that have reached a limit are named.
NAMED = 10


class Launcher(NamedTuple):
    """A launcher that is alive: how many runs it executes at once, how many it has, and of which code locations."""

    id: UUID
    slots: int
    taken: int
    code_locations: Sequence[str]


class NoLauncher(msgspec.Struct, frozen=True):
    """No launcher that is alive can execute runs of the code location."""

    code_location: str

    @property
    def message(self) -> str:
        """Say so, and the remedy."""
        return (
            f"No launcher can execute runs of the code location {self.code_location}: start one with it,"
            " or see `vedette code-location show` for what keeps it from being loaded."
        )


class SlotsTaken(msgspec.Struct, frozen=True):
    """Every launcher that could execute it has as many runs as it has slots."""

    slots: int
    launchers: tuple[UUID, ...]

    @property
    def message(self) -> str:
        """Say how many there are."""
        launchers = "the launcher" if len(self.launchers) == 1 else f"the {len(self.launchers)} launchers"
        return f"All {self.slots} slots of {launchers} that could execute it are taken."


class LimitReached(msgspec.Struct, frozen=True):
    """As many runs as the limit allows are running under `key`; or room is kept for a run that came before, `kept_for`.

    `runs` are the first of those that run.
    """

    limit: RunLimit
    key: LimitKey
    running: int
    runs: tuple[UUID, ...] = ()
    kept_for: UUID | None = None

    @property
    def message(self) -> str:
        """Name the limit, and how far it is reached."""
        told = f"The limit of {self.limit.max_runs} {named(self.key)} is reached: {self.running} of them"
        if self.kept_for is None:
            return f"{told} {'is' if self.running == 1 else 'are'} running."
        return (
            f"{told} running, and room is kept for a run that has waited longer for several limits ({self.kept_for})."
        )


class BehindOthers(msgspec.Struct, frozen=True):
    """So many runs come before it in the queue, of which so many have a greater priority."""

    count: int
    of_higher_priority: int

    @property
    def message(self) -> str:
        """Say how many."""
        runs = "1 run comes" if self.count == 1 else f"{self.count:,} runs come"
        if not self.of_higher_priority:
            return f"{runs} before it in the queue."
        return f"{runs} before it in the queue, {self.of_higher_priority:,} of them by priority."


WaitReason = NoLauncher | SlotsTaken | LimitReached | BehindOthers


class Queued(NamedTuple):
    """A run of the queue, its place counted from 1, and how many before it have a greater priority."""

    waiting: Waiting
    position: int
    of_higher_priority: int


class Wait(NamedTuple):
    """Where in the queue a run stands, and what holds it up; nothing does when it is about to start."""

    position: int
    reasons: tuple[WaitReason, ...]


class Held(NamedTuple):
    """What limits go by in runs that are running, how many such there are, and the first of them."""

    keys: tuple[LimitKey, ...]
    total: int
    ids: Sequence[UUID]


class Waits:
    """Explains waits, from how the queue stands at one moment."""

    def __init__(
        self, room: Room, running: Iterable[Held], firsts: Iterable[Waiting], launchers: Iterable[Launcher]
    ) -> None:
        """`firsts` are those runs of lanes that may keep room for themselves."""
        self._room = room
        self._running = list(running)
        self._firsts = sorted(firsts, key=lambda each: each.place)
        self._launchers = list(launchers)

    def of(self, run: Queued) -> Wait:
        """Return what holds a run up."""
        location = run.waiting.runner.code_location
        able = [launcher for launcher in self._launchers if location in launcher.code_locations]
        reasons: list[WaitReason] = [] if able else [NoLauncher(location)]
        reasons += self._limits(run.waiting)
        if able and all(launcher.taken >= launcher.slots for launcher in able):
            slots = sum(launcher.slots for launcher in able)
            reasons.append(SlotsTaken(slots, tuple(launcher.id for launcher in able)))
        # Where others take what it waits for, those before it take it first.
        queues = any(isinstance(each, SlotsTaken) or _is_of_all(each) for each in reasons)
        if queues and run.position > 1:
            reasons.append(BehindOthers(run.position - 1, run.of_higher_priority))
        return Wait(run.position, tuple(reasons))

    def _limits(self, waiting: Waiting) -> list[LimitReached]:
        limits = self._room.limits
        keys = limits.keys_of(waiting.runner)
        full = self._room.full(keys)
        kept = {} if full else self._kept(waiting, keys)
        reached = []
        for key in full or kept:
            limit = limits.limit_of(key)
            assert limit is not None
            ids = [each for held in self._running if key in held.keys for each in held.ids]
            reached.append(LimitReached(limit, key, self._room.taken[key], tuple(ids[:NAMED]), kept.get(key)))
        return reached

    def _kept(self, waiting: Waiting, keys: Sequence[LimitKey]) -> dict[LimitKey, UUID]:
        """Return those of `keys` whose last room is kept for a run that comes before."""
        admission = Admission(self._room.copy(), free=1)
        kept: dict[LimitKey, UUID] = {}
        for first in self._firsts:
            if first.place >= waiting.place:
                break
            admission.keep(first)
            for key in admission.room.full(keys):
                kept.setdefault(key, first.id)
        return kept


def _is_of_all(reason: WaitReason) -> bool:
    return isinstance(reason, LimitReached) and reason.key == ALL
