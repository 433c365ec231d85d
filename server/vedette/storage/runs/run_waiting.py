"""Runs that wait: the list of them in their order, the place of each, and what holds it up."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.domain.run_limits import Runner, Waiting
from vedette.domain.run_waits import Held, Launcher, Queued, Wait, Waits
from vedette.domain.runs import Run
from vedette.storage import direct, pages
from vedette.storage.direct import Statement
from vedette.storage.pages import By, Condition
from vedette.storage.runs import run_standing, runs

_QUEUE = replace(
    runs.LISTING, keys=(By("(-priority)", "integer"), By("turn", "bigint"), By("id", "uuid")), descending=False
)
_QUEUED = Condition("status = 'QUEUED'", {})


async def page(connection: AsyncConnection, window: pages.Window) -> pages.Page[Run]:
    """Return a part of the queue, the run first that is next to start."""
    return await pages.read(connection, _QUEUE, window, [_QUEUED])


# The queue is counted once, from one of the runs that are asked for to the next, not from its begin for each. Where a
# priority begins is counted as if it were a run: those before it have a greater one.
_PLACES = Statement(
    """
    WITH asked AS MATERIALIZED (
        SELECT id, -priority AS rank, turn, code_location, job_name, lane,
            CAST(extract(epoch FROM now() - queued_at) AS double precision) AS seconds,
            CAST((SELECT coalesce(jsonb_object_agg(tag.key, tags ->> tag.key), '{}')
                FROM unnest(CAST(:tag_keys AS text[])) AS tag(key) WHERE tags ? tag.key) AS text) AS tags
        FROM runs WHERE id = ANY(CAST(:ids AS uuid[])) AND status = 'QUEUED'
    ), places AS MATERIALIZED (
        SELECT rank, turn, id FROM asked
        UNION ALL
        SELECT DISTINCT rank, CAST(-1 AS bigint), CAST('00000000-0000-0000-0000-000000000000' AS uuid) FROM asked
    ), legs AS MATERIALIZED (
        SELECT places.*, lag(rank) OVER inorder AS after_rank, lag(turn) OVER inorder AS after_turn,
            lag(id) OVER inorder AS after_id
        FROM places WINDOW inorder AS (ORDER BY rank, turn, id)
    ), counted AS (
        SELECT legs.rank, legs.turn, legs.id,
            CAST(sum(leg.total) OVER (ORDER BY legs.rank, legs.turn, legs.id) AS bigint) AS position
        FROM legs CROSS JOIN LATERAL (
            SELECT count(*) AS total FROM runs
            WHERE status = 'QUEUED' AND (-priority, runs.turn, runs.id) <= (legs.rank, legs.turn, legs.id)
                AND (-priority, runs.turn, runs.id) > (coalesce(after_rank, -2147483648), coalesce(after_turn, -1),
                    coalesce(after_id, CAST('00000000-0000-0000-0000-000000000000' AS uuid)))
        ) AS leg
    ), told AS (
        SELECT counted.*, min(position) OVER (PARTITION BY rank) AS before FROM counted
    )
    SELECT asked.rank, asked.turn, asked.id, code_location, job_name, tags, seconds, lane, position, before
    FROM asked JOIN told USING (id)
    """
)
_LAUNCHERS = Statement(
    f"""
    SELECT id, slots, (SELECT count(*) FROM runs WHERE launcher_id = workers.id AND status IN {run_standing.ACTIVE}),
        code_locations
    FROM workers
    WHERE role = 'LAUNCH' AND slots > 0 AND last_seen_at > now() - CAST(:patience AS interval)
    ORDER BY started_at, id
    """
)
_tags = msgspec.json.Decoder(dict[str, str]).decode


async def waits(connection: AsyncConnection, ids: Sequence[UUID], patience: timedelta) -> dict[UUID, Wait]:
    """Return of those of the runs that are queued where they stand and what holds them up.

    A launcher that was silent for longer than `patience` executes nothing.
    """
    standing = await run_standing.read(connection)
    asked = await _places(connection, ids, standing.all_limits.tag_keys)
    if not asked:
        return {}
    launchers = [Launcher(*row) for row in await direct.fetch(connection, _LAUNCHERS, {"patience": patience})]
    held = [Held(standing.all_limits.keys_of(each.runner), each.total, each.ids) for each in standing.running]
    firsts = [lane.first for lane in standing.lanes if lane.first is not None]
    explained = Waits(standing.room(), held, firsts, launchers)
    return {run.waiting.id: explained.of(run) for run in asked}


async def _places(connection: AsyncConnection, ids: Sequence[UUID], tag_keys: Sequence[str]) -> list[Queued]:
    rows = await direct.fetch(connection, _PLACES, {"ids": list(ids), "tag_keys": list(tag_keys)})
    return [
        Queued(Waiting((rank, turn, key), Runner(location, job, _tags(tags)), seconds, lane), position, higher)
        for rank, turn, key, location, job, tags, seconds, lane, position, higher in rows
    ]
