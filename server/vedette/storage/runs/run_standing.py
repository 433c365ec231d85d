"""How the queue stands: the limits, what runs under them, and what waits, in its order."""

from collections.abc import Collection, Sequence
from functools import cached_property, lru_cache
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.domain.run_limits import LimitKey, Room, RunLimit, RunLimits, Runner, Waiting, keys_of_lane
from vedette.domain.run_waits import NAMED
from vedette.storage import direct, outbox
from vedette.storage.direct import Statement
from vedette.storage.runs.run_limits import LIMITS

ACTIVE = "('STARTING', 'STARTED', 'CANCELING')"
# A launcher that was silent for so long does not keep room for runs.
SILENT_SECONDS = 30
# There are as many as numbers of free slots.
STATEMENTS = 200

_WAITING = "-priority AS rank, turn, CAST(extract(epoch FROM now() - queued_at) AS double precision) AS seconds"
# What limits go by, of the tags of a run.
_TAGS = """(
    SELECT coalesce(jsonb_object_agg(tag.key, tags ->> tag.key), '{{}}') FROM {keys} AS tag(key) WHERE tags ? tag.key
)"""
_TAGS_OF_LIMITS = _TAGS.format(keys="tag_keys")

# Lanes are found one after the other along their index, not by reading all that wait in them. The first run of a lane
# of several limits may keep room; unless no launcher could execute it.
_STANDING = Statement(
    f"""
    WITH RECURSIVE limits AS MATERIALIZED (
        SELECT id, CAST(subject AS jsonb) AS subject, max_runs, set_at, set_by, in_code FROM {LIMITS} AS limits
    ), tag_keys AS MATERIALIZED (
        SELECT DISTINCT subject ->> 1 AS key FROM limits WHERE subject ->> 0 IN ('tag', 'each')
    ), places AS MATERIALIZED (
        SELECT DISTINCT unnest(code_locations) AS name FROM workers
        WHERE role = 'LAUNCH' AND last_seen_at > now() - interval '{SILENT_SECONDS} seconds'
    ), lanes(lane) AS (
        (SELECT lane FROM runs WHERE status = 'QUEUED' AND lane > '' ORDER BY lane LIMIT 1)
        UNION ALL
        SELECT (SELECT runs.lane FROM runs WHERE status = 'QUEUED' AND runs.lane > lanes.lane ORDER BY 1 LIMIT 1)
        FROM lanes WHERE lanes.lane IS NOT NULL
    ), running AS (
        SELECT code_location, job_name, tags, count(*) AS total,
            (array_agg(id ORDER BY id))[1:{NAMED}] AS ids
        FROM (SELECT id, code_location, job_name, {_TAGS_OF_LIMITS} AS tags FROM runs WHERE status IN {ACTIVE}) AS each
        GROUP BY code_location, job_name, tags
    ), firsts AS (
        SELECT lanes.lane, first.* FROM lanes LEFT JOIN LATERAL (
            SELECT found.* FROM places CROSS JOIN LATERAL (
                SELECT id, code_location, job_name, {_WAITING}, {_TAGS_OF_LIMITS} AS tags FROM runs
                WHERE status = 'QUEUED' AND runs.lane = lanes.lane AND code_location = places.name
                ORDER BY -priority, turn, id LIMIT 1
            ) AS found
            WHERE jsonb_array_length(CAST(lanes.lane AS jsonb)) > 1
            ORDER BY rank, turn, id LIMIT 1
        ) AS first ON true
        WHERE lanes.lane IS NOT NULL
    )
    SELECT CAST(json_build_object(
        'limits', coalesce((SELECT json_agg(limits) FROM limits), '[]'),
        'running', coalesce((SELECT json_agg(running) FROM running), '[]'),
        'lanes', coalesce((SELECT json_agg(firsts) FROM firsts), '[]')
    ) AS text)
    """
)
_QUEUE = f"""
    SELECT found.* FROM unnest(CAST(:lanes AS text[])) AS asked(lane)
    CROSS JOIN unnest(CAST(:code_locations AS text[])) AS place(name)
    CROSS JOIN LATERAL (
        SELECT {_WAITING}, id, lane, code_location, job_name,
            CAST({_TAGS.format(keys="unnest(CAST(:tag_keys AS text[]))")} AS text)
        FROM runs
        WHERE status = 'QUEUED' AND lane = asked.lane AND code_location = place.name
            AND {outbox.IS_FORWARDED}
            AND (-priority, turn, id) > (CAST(:rank AS integer), CAST(:turn AS bigint), CAST(:id AS uuid))
        ORDER BY -priority, turn, id LIMIT {{size}}
    ) AS found
    ORDER BY rank, turn, id LIMIT :most
    """


@lru_cache(STATEMENTS)
def _queue_of(size: int) -> Statement:
    # The size stands in the text: planned for any, it would read and sort a long queue as if for a tenth of it.
    return Statement(_QUEUE.replace("{size}", str(int(size))))


_FIRST = (-(2**31), -1, UUID(int=0))
_tags = msgspec.json.Decoder(dict[str, str]).decode


class Running(msgspec.Struct):
    """Runs that launchers hold and that limits go by alike: how many, and the first of them."""

    code_location: str
    job_name: str
    tags: dict[str, str]
    total: int
    ids: list[UUID]

    @property
    def runner(self) -> Runner:
        """Return what limits go by."""
        return Runner(self.code_location, self.job_name, self.tags)


class Lane(msgspec.Struct):
    """A lane in which runs wait; the rest is about the first of them, where there are several limits."""

    lane: str
    id: UUID | None = None
    code_location: str | None = None
    job_name: str | None = None
    rank: int | None = None
    turn: int | None = None
    seconds: float | None = None
    tags: dict[str, str] | None = None

    @property
    def keys(self) -> tuple[LimitKey, ...]:
        """Return the keys of the limits that all of it fall under."""
        return keys_of_lane(self.lane)

    @property
    def first(self) -> Waiting | None:
        """Return the first run of it; None where it does not matter."""
        if self.id is None or self.rank is None or self.turn is None:
            return None
        runner = Runner(self.code_location or "", self.job_name or "", self.tags or {})
        return Waiting((self.rank, self.turn, self.id), runner, self.seconds or 0.0, self.lane)


class Standing(msgspec.Struct, dict=True):
    """The limits, what runs by what they go by, and the lanes in which something waits."""

    limits: list[RunLimit]
    running: list[Running]
    lanes: list[Lane]

    @property
    def is_limited(self) -> bool:
        """Tell whether a run may have to wait for anything but a slot."""
        return bool(self.limits or self.lanes)

    @cached_property
    def all_limits(self) -> RunLimits:
        """Return the limits, by subject."""
        return RunLimits(self.limits)

    def room(self) -> Room:
        """Return how much room there is now."""
        return Room(self.all_limits, [(each.runner, each.total) for each in self.running])


_standing = msgspec.json.Decoder(Standing).decode


async def read(connection: AsyncConnection) -> Standing:
    """Return how the queue stands, in one statement."""
    rows = await direct.fetch(connection, _STANDING, {})
    return _standing(rows[0][0])


async def running_under(connection: AsyncConnection, subjects: Sequence[LimitKey]) -> list[int]:
    """Return how many runs are executed under each limit; of one of each value, under the value with most."""
    room = (await read(connection)).room()
    return [
        max((count for key, count in room.taken.items() if _is_of(key, subject)), default=0) for subject in subjects
    ]


def _is_of(key: LimitKey, subject: LimitKey) -> bool:
    return (key[:2] if key[0] == "each" else key) == subject


async def queue(
    connection: AsyncConnection,
    code_locations: Collection[str],
    tag_keys: Sequence[str],
    lanes: Sequence[str],
    size: int,
    after: tuple[int, int, UUID] | None = None,
) -> list[Waiting]:
    """Return the first runs of code locations in each lane, in the order of the queue, after a place.

    Of each lane and code location `size`, if there are as many; of one lane alone, `size` in all. Their tags are those
    of `tag_keys`.
    """
    if not lanes:
        return []
    rank, turn, key = after or _FIRST
    values = {
        "lanes": list(lanes),
        "code_locations": list(code_locations),
        "tag_keys": list(tag_keys),
        "rank": rank,
        "turn": turn,
        "id": key,
        "most": size if len(lanes) == 1 else None,
    }
    rows = await direct.fetch(connection, _queue_of(size), values)
    return [
        Waiting((rank, turn, key), Runner(location, job, _tags(tags)), seconds, lane)
        for rank, turn, seconds, key, lane, location, job, tags in rows
    ]
