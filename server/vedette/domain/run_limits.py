"""Limits on what runs at once: which of them a run falls under, and which runs of a queue may start. Pure.

A run falls under a limit by a key: that of the limit, or with its own value of the tag where each value has as many.
What is running counts by these keys, so one count says how much room there is.
"""

import enum
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cached_property
from typing import NamedTuple
from uuid import UUID

import msgspec

# ("all",), ("job", code location, name), ("tag", key), ("tag", key, value), ("each", key) — and, of the last alone,
# ("each", key, value) is what a run falls under.
LimitKey = tuple[str, ...]
ALL: LimitKey = ("all",)
# As many as anybody has slots for.
MOST_RUNS = 1_000_000
# A run that falls under several limits, and for so long found room in some of them but never in all, keeps that room:
# else those that need only one of them could pass it for ever.
KEEPS_AFTER_SECONDS = 60.0


class RunLimitKind(enum.StrEnum):
    """What a limit is about."""

    ALL = "ALL"
    JOB = "JOB"
    TAG = "TAG"
    TAG_VALUE = "TAG_VALUE"


class RunLimit(msgspec.Struct, frozen=True):
    """At most `max_runs` runs of `subject` at once.

    `set_by` is who set it, None where the code of the job does. `in_code` is what the code says where somebody set
    another.
    """

    id: UUID
    subject: LimitKey
    max_runs: int
    set_at: datetime | None = None
    set_by: str | None = None
    in_code: int | None = None

    @property
    def kind(self) -> RunLimitKind:
        """Return what it is about."""
        if self.subject[0] == "each":
            return RunLimitKind.TAG_VALUE
        return RunLimitKind(self.subject[0].upper())

    def __str__(self) -> str:
        """Name it, as a person would in a sentence: `runs of all jobs`, `runs with the tag team=north`."""
        return named(self.subject)


def named(key: LimitKey) -> str:
    """Name what falls under a key."""
    match key:
        case ("job", location, name):
            return f"runs of the job {name} ({location})"
        case ("tag", tag):
            return f"runs with the tag {tag}"
        case (_, tag, value):
            return f"runs with the tag {tag}={value}"
        case ("each", tag):
            return f"runs of each value of the tag {tag}"
    return "runs in all"


class Runner(NamedTuple):
    """What limits go by in a run; `tags` has at least those that a limit is about."""

    code_location: str
    job_name: str
    tags: Mapping[str, str]


class Waiting(NamedTuple):
    """A run of the queue: its place (the least first), what limits go by, how long it waits, and its lane."""

    place: tuple[int, int, UUID]
    runner: Runner
    seconds: float
    lane: str = ""

    @property
    def id(self) -> UUID:
        """Return the id of the run."""
        return self.place[-1]


class RunLimits:
    """All limits that count now."""

    def __init__(self, limits: Iterable[RunLimit]) -> None:
        self.by_subject = {limit.subject: limit for limit in limits}

    @cached_property
    def tag_keys(self) -> list[str]:
        """Return the keys of the tags that a limit is about."""
        return sorted({subject[1] for subject in self.by_subject if subject[0] in ("tag", "each")})

    def limit_of(self, key: LimitKey) -> RunLimit | None:
        """Return the limit of a key that a run falls under; None where there is none any more."""
        return self.by_subject.get(key[:2] if key[0] == "each" else key)

    def keys_of(self, runner: Runner) -> tuple[LimitKey, ...]:
        """Return the keys that a run falls under, in order."""
        found = [ALL, ("job", runner.code_location, runner.job_name)]
        for tag in self.tag_keys:
            if (value := runner.tags.get(tag)) is not None:
                found += [("tag", tag), ("tag", tag, value), ("each", tag, value)]
        return tuple(sorted(key for key in found if self.limit_of(key) is not None))


def lane_of(keys: Iterable[LimitKey]) -> str:
    """Return the lane of runs that fall under `keys`: where these wait together. What all fall under is no part."""
    own = [key for key in keys if key != ALL]
    return msgspec.json.encode(own).decode() if own else ""


def keys_of_lane(lane: str) -> tuple[LimitKey, ...]:
    """Return the keys of a lane."""
    return msgspec.json.decode(lane, type=tuple[tuple[str, ...], ...]) if lane else ()


class Room:
    """How many more runs may start under each key."""

    def __init__(self, limits: RunLimits, running: Iterable[tuple[Runner, int]]) -> None:
        """Count what is running: (what limits go by, how many such)."""
        self.limits = limits
        self.taken: Counter[LimitKey] = Counter()
        for runner, count in running:
            for key in limits.keys_of(runner):
                self.taken[key] += count

    def full(self, keys: Iterable[LimitKey]) -> list[LimitKey]:
        """Return those of `keys` under which no other run may start."""
        return [key for key in keys if (limit := self.limits.limit_of(key)) and self.taken[key] >= limit.max_runs]

    def take(self, keys: Iterable[LimitKey]) -> None:
        """Count one run more."""
        self.taken.update(keys)

    def copy(self) -> "Room":
        """Return one that can be changed for itself."""
        other = Room(self.limits, ())
        other.taken = self.taken.copy()
        return other


class Admission:
    """Goes through a queue in its order and says which of its runs start, and which others have another lane now."""

    def __init__(self, room: Room, free: int) -> None:
        """Start at most `free`."""
        self.room = room
        self.free = free
        self.starts: list[UUID] = []
        self.lanes: dict[UUID, str] = {}
        # Lanes of which the first run keeps room: those behind it need none kept.
        self._keeping: set[str] = set()

    @property
    def is_over(self) -> bool:
        """Tell whether nothing more can start, whatever follows."""
        return len(self.starts) >= self.free or bool(self.room.full([ALL]))

    def meet(self, waiting: Waiting) -> None:
        """Decide about the next run of the queue."""
        if self.is_over:
            return
        keys = self.room.limits.keys_of(waiting.runner)
        if not self.room.full(keys):
            self.room.take(keys)
            self.starts.append(waiting.id)
            return
        if (lane := lane_of(keys)) != waiting.lane:
            self.lanes[waiting.id] = lane
        self.keep(waiting)

    def keep(self, waiting: Waiting) -> None:
        """Keep the room that a run has under some of its limits but not under all, if it has waited long."""
        keys = self.room.limits.keys_of(waiting.runner)
        full = self.room.full(keys)
        lane = lane_of(keys)
        if not full or ALL in full or waiting.seconds < KEEPS_AFTER_SECONDS or lane in self._keeping:
            return
        self._keeping.add(lane)
        self.room.take(key for key in keys if key not in full and key != ALL)
