"""Runs and what became of them, as user code asks for them: by any of what tells them apart, newest or oldest first."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.domain.questions import CountRuns, ListRunChanges, ListRunEvents, ListRuns, RunChange, RunsSought
from vedette.domain.runs import Run, RunStatus
from vedette.storage import pages
from vedette.storage.pages import By, Condition
from vedette.storage.runs import runs
from vedette.storage.runs.run_events import storable, storable_json

_UPDATED = "coalesce(finished_at, started_at, queued_at)"
_BY_UPDATE = replace(runs.LISTING, keys=(By(_UPDATED, "timestamptz"), By("id", "uuid")))
_PLACE = "SELECT {key}, id FROM runs WHERE id = :id"
_PLACES = {
    listing: text(_PLACE.format(key=listing.keys[0].sql)) for listing in (runs.LISTING, _BY_UPDATE)
}  # fmt: skip

_CHANGES = """
    SELECT changed.position, changed.at, changed.run_id, changed.status
    FROM run_changes AS changed {joined}
    WHERE {conditions} ORDER BY changed.position {order} LIMIT :limit
"""


async def found(connection: AsyncConnection, asked: ListRuns) -> list[Run]:
    """Return a page of the runs that are sought; none where the run at the cursor is gone."""
    listing = _BY_UPDATE if asked.by_update else runs.LISTING
    cursor = None
    if asked.cursor is not None:
        row = (await connection.execute(_PLACES[listing], {"id": asked.cursor})).first()
        if row is None:
            return []
        cursor = tuple(row)
    window = (
        pages.Window(asked.limit, before=cursor, backward=True)
        if asked.ascending
        else pages.Window(asked.limit, after=cursor)
    )
    any_of = pages.AnyOf("status", sorted({status.value for status in asked.sought.statuses}))
    page = await pages.read(
        connection, listing, window, _conditions(asked.sought), any_of if asked.sought.statuses else None
    )
    return page.rows[::-1] if asked.ascending else page.rows


async def count(connection: AsyncConnection, asked: CountRuns) -> int:
    """Return how many runs are sought."""
    conditions = _conditions(asked.sought)
    if asked.sought.statuses:
        statuses = [status.value for status in asked.sought.statuses]
        conditions.append(Condition("status = ANY(:statuses)", {"statuses": statuses}))
    sql = f"SELECT count(*) FROM runs WHERE {' AND '.join(one.sql for one in conditions) or 'true'}"
    values = {name: value for one in conditions for name, value in one.values.items()}
    return int((await connection.execute(pages.statement(sql), values)).scalar_one())


def _conditions(sought: RunsSought) -> list[Condition]:
    """Return the conditions, all but that of the status."""
    conditions = []
    if sought.ids is not None:
        conditions.append(Condition("id = ANY(CAST(:ids AS uuid[]))", {"ids": list(sought.ids)}))
    if sought.job_name is not None:
        conditions.append(Condition("job_name = :job_name", {"job_name": storable(sought.job_name)}))
    for number, (key, values) in enumerate(sorted(sought.tags.items())):
        parts = {f"tag_{number}_{place}": storable_json({key: value}) for place, value in enumerate(values)}
        either = " OR ".join(f"tags @> CAST(:{name} AS jsonb)" for name in parts) or "false"
        conditions.append(Condition(f"({either})", parts))
    for column, name, sign, moment in (
        ("queued_at", "created_after", ">", sought.created_after),
        ("queued_at", "created_before", "<", sought.created_before),
        (_UPDATED, "updated_after", ">", sought.updated_after),
        (_UPDATED, "updated_before", "<", sought.updated_before),
    ):
        if moment is not None:
            conditions.append(Condition(f"{column} {sign} :{name}", {name: moment}))
    return conditions


async def changes(connection: AsyncConnection, asked: ListRunChanges) -> list[RunChange]:
    """Return a page of the changes of runs to a status; those of runs that are gone are left out."""
    wanted = {
        "changed.status = :status": ("status", asked.status.value),
        "changed.position > :after": ("after", asked.after),
        "changed.position < :before": ("before", asked.before),
        "changed.at > :since": ("since", asked.since),
        "changed.at < :until": ("until", asked.until),
        "runs.job_name = ANY(CAST(:job_names AS text[]))": (
            "job_names",
            None if asked.job_names is None else list(asked.job_names),
        ),
    }
    given = {sql: value for sql, value in wanted.items() if value[1] is not None}
    sql = _CHANGES.format(
        joined="JOIN runs ON runs.id = changed.run_id" if asked.job_names is not None else "",
        conditions=" AND ".join(given),
        order="" if asked.ascending else "DESC",
    )
    values = {"limit": asked.limit, **dict(given.values())}
    rows = (await connection.execute(pages.statement(sql), values)).all()
    known = await runs.by_ids(connection, [row.run_id for row in rows])
    return [
        RunChange(row.position, row.at, known[row.run_id], RunStatus(row.status)) for row in rows if row.run_id in known
    ]


async def events(connection: AsyncConnection, asked: ListRunEvents) -> Sequence[runs.PlacedEvent]:
    """Return a page of the events of a run."""
    window = pages.Window(asked.limit, after=(asked.cursor,))
    kinds = None if asked.kinds is None else [kind.value for kind in asked.kinds]
    conditions = [] if kinds is None else [Condition("kind = ANY(CAST(:kinds AS text[]))", {"kinds": kinds})]
    (page,) = await runs.events_each(connection, [asked.run_id], window, conditions)
    return page.rows


async def exists(connection: AsyncConnection, run_id: UUID) -> bool:
    """Tell whether there is a run."""
    return bool(await runs.by_ids(connection, [run_id]))
