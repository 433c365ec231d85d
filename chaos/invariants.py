"""What must hold once everything has settled, whatever happened before: asked of the database and of the ledger."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

FINISHED = ("SUCCESS", "FAILURE", "CANCELED")
STREAMS = {
    "ticks": "tick_changes",
    "runs": "run_changes",
    "sensors": "sensor_changes",
    "assets": "asset_events",
    "audit": "audit_log",
}
SHOWN = 5
# Evaluations of the project take 0.3 s; a lease with its grace is 4.
LEFT_SECONDS = 5.0

_RUNS = """
SELECT runs.id, runs.status, runs.job_name, runs.attempt, runs.error->>'type' AS error, event.value AS event
FROM runs, LATERAL (SELECT tags->>'event' AS value) AS event
"""
# In one statement, so of one moment: a run that comes between two questions would be open and yet counted.
_IS_SETTLED = """
SELECT count(DISTINCT tags->>'event') >= $1 AND count(*) = count(*) FILTER (WHERE status = ANY ($2::text[]))
    AND NOT EXISTS (SELECT FROM ticks WHERE status = 'STARTED' AND started_at < now() - make_interval(secs => $3))
    AND NOT EXISTS (SELECT FROM outbox)
FROM runs
"""
_LONGEST_STARTED = """
SELECT sensors.name, ticks.number, extract(epoch FROM ticks.started_at)::float AS began,
       extract(epoch FROM finished_at)::float AS ended
FROM ticks JOIN sensors ON sensors.id = ticks.sensor_id
WHERE finished_at - ticks.started_at > make_interval(secs => $1)
"""
_PROGRESS = "SELECT count(*) AS runs, count(*) FILTER (WHERE status = ANY($1::text[])) AS ended FROM runs"
_LEFT_TICKS = """
SELECT count(*) FROM ticks WHERE status = 'STARTED' AND started_at < now() - make_interval(secs => $1)
"""
# Every version follows the one before, ticks only go forwards, and begin at the cursor that was there.
_CHAIN = """
SELECT sensors.name, change.version, change.value, change.tick_id, change.actor, ticks.cursor_before,
       lag(change.version, 1, 0) OVER history AS version_before, lag(change.value) OVER history AS value_before
FROM cursor_changes AS change JOIN sensors ON sensors.id = change.sensor_id
LEFT JOIN ticks ON ticks.id = change.tick_id
WINDOW history AS (PARTITION BY change.sensor_id ORDER BY change.version)
"""
_CURSORS = """
SELECT sensors.name FROM sensors LEFT JOIN cursor_changes AS last
    ON last.sensor_id = sensors.id AND last.version = sensors.cursor_version
WHERE sensors.cursor_version > 0 AND (last.sensor_id IS NULL OR last.value IS DISTINCT FROM sensors.cursor)
"""
_POSITIONS = """
SELECT count(*) AS count, coalesce(min(position), 1) AS first, coalesce(max(position), 0) AS last,
       (SELECT position FROM streams WHERE name = $1) AS counter, (SELECT purged FROM streams WHERE name = $1) AS purged
FROM {table}
"""
_NUMBERS = """
SELECT sensors.name FROM sensors JOIN ticks ON ticks.sensor_id = sensors.id
GROUP BY sensors.id HAVING count(*) <> max(ticks.number) OR max(ticks.number) <> sensors.tick_count
"""
_EVENTS = """
SELECT runs.id FROM runs JOIN run_events ON run_events.run_id = runs.id
GROUP BY runs.id HAVING count(*) <> max(run_events.position) OR count(*) <> runs.event_count
"""


@dataclass
class Verdict:
    """What was counted, and what was found wrong."""

    events: int = 0
    runs: int = 0
    interrupted: int = 0
    lost: int = 0
    doubled: int = 0
    problems: list[str] = field(default_factory=list)


async def is_settled(connection: asyncpg.Connection, events: Sequence[str]) -> bool:
    """Tell whether every event has a run, every run has ended, no tick is left STARTED, and streams tell all."""
    return bool(await connection.fetchval(_IS_SETTLED, len(events), list(FINISHED), LEFT_SECONDS))


async def progress(connection: asyncpg.Connection) -> tuple[int, int]:
    """Return how many runs there are, and how many have ended."""
    row = await connection.fetchrow(_PROGRESS, list(FINISHED))
    assert row is not None
    return row["runs"], row["ended"]


async def check(
    connection: asyncpg.Connection,
    folder: Path,
    events: Sequence[str],
    started_seconds: float,
    attended_seconds: Callable[[float, float], float],
) -> Verdict:
    """Hold the database and the ledger against what happened.

    No tick may have been STARTED for longer than `started_seconds` in which an evaluator was at work: for how long one
    was between two moments is what `attended_seconds` tells.
    """
    runs = await connection.fetch(_RUNS)
    verdict = Verdict(events=len(events), runs=len(runs))
    _check_events(verdict, runs, events)
    _check_ledger(verdict, runs, folder / "ledger")
    if left := await connection.fetchval(_LEFT_TICKS, LEFT_SECONDS):
        verdict.problems.append(f"{left} ticks left STARTED")
    if left := await connection.fetchval("SELECT count(*) FROM outbox"):
        verdict.problems.append(f"{left} things left in the outbox")
    longest = await connection.fetch(_LONGEST_STARTED, started_seconds)
    lasted = [(row["name"], row["number"], attended_seconds(row["began"], row["ended"])) for row in longest]
    overdue = [f"{name} {number}: {seconds:.1f} s" for name, number, seconds in lasted if seconds > started_seconds]
    _report(verdict, f"ticks STARTED for more than {started_seconds:g} s with an evaluator at work", overdue)
    await _check_cursors(verdict, connection)
    await _check_positions(verdict, connection)
    return verdict


def _report(verdict: Verdict, what: str, found: Iterable[object]) -> int:
    cases = list(found)
    if cases:
        shown = ", ".join(map(str, cases[:SHOWN]))
        verdict.problems.append(f"{len(cases)} {what}: {shown}")
    return len(cases)


def _check_events(verdict: Verdict, runs: Sequence[asyncpg.Record], events: Sequence[str]) -> None:
    """Every event has exactly one run, which ended, and none ended badly but by an interruption that it tells."""
    counts = Counter(run["event"] for run in runs)
    verdict.lost = _report(verdict, "events without a run", [event for event in events if not counts[event]])
    verdict.doubled = _report(verdict, "events with more than one run", [e for e, n in counts.items() if n > 1])
    _report(verdict, "runs without an event", counts.keys() - set(events))
    _report(verdict, "runs that have not ended", [run["event"] for run in runs if run["status"] not in FINISHED])
    failed = [run for run in runs if run["status"] != "SUCCESS"]
    verdict.interrupted = len(failed)
    unexplained = [run for run in failed if run["job_name"] != "once" or run["error"] != "RunInterrupted"]
    _report(verdict, "runs failed unexplained", [(run["event"], run["status"], run["error"]) for run in unexplained])


def _check_ledger(verdict: Verdict, runs: Sequence[asyncpg.Record], ledger: Path) -> None:
    """No attempt began twice, and each that succeeded began and ended."""
    lines = Counter(ledger.read_text().splitlines()) if ledger.exists() else Counter[str]()
    verdict.doubled += _report(verdict, "things done twice by the ledger", [n for n, c in lines.items() if c > 1])
    done = [f"{run['event']} {run['attempt']}" for run in runs if run["status"] == "SUCCESS"]
    verdict.lost += _report(
        verdict, "runs SUCCESS that the ledger does not know", [one for one in done if not lines[f"end {one}"]]
    )


async def _check_cursors(verdict: Verdict, connection: asyncpg.Connection) -> None:
    changes = await connection.fetch(_CHAIN)
    broken = [change for change in changes if change["version"] != change["version_before"] + 1]
    torn = [
        change
        for change in changes
        if change["tick_id"] is not None and change["cursor_before"] != change["value_before"]
    ]
    backwards = [
        change
        for change in changes
        if change["actor"] is None and int(change["value"] or 0) < int(change["value_before"] or 0)
    ]
    for what, found in (("versions missing", broken), ("ticks from another cursor", torn), ("back", backwards)):
        _report(verdict, f"cursor changes with {what}", [(each["name"], each["version"]) for each in found])
    names = [row["name"] for row in await connection.fetch(_CURSORS)]
    _report(verdict, "sensors whose cursor is not the last of its history", names)


async def _check_positions(verdict: Verdict, connection: asyncpg.Connection) -> None:
    for stream, table in STREAMS.items():
        [row] = await connection.fetch(_POSITIONS.format(table=table), stream)
        whole = row["count"] == row["last"] - row["first"] + 1 and row["last"] == row["counter"]
        if row["count"] and not (whole and row["first"] == row["purged"] + 1):
            verdict.problems.append(f"stream {stream} has gaps: {dict(row)}")
    numbers = [row["name"] for row in await connection.fetch(_NUMBERS)]
    _report(verdict, "sensors whose ticks are not numbered 1, 2, 3 …", numbers)
    _report(verdict, "runs whose events are not numbered 1, 2, 3 …", [r["id"] for r in await connection.fetch(_EVENTS)])
