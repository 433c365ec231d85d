"""Storing what a code location defines, or why it could not be loaded."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.domain.assets import escaped
from vedette.domain.catalog import AssetSpec, Catalog, JobSpec, SensorSpec
from vedette.domain.ids import new_id
from vedette.domain.logs import ErrorInfo
from vedette.domain.sensors import shard_of
from vedette.storage.sensors import cursors
from vedette.storage.streams import append_sensors

# The row of the location is made or locked first: processes that store its catalog at once go one after the other.
# An INSERT takes a number also where it finds the name: so it is left to those locations that are new.
_LOCATION = text(
    """
    WITH known AS (UPDATE code_locations SET target = :target WHERE name = :name RETURNING version, number),
    made AS (
        INSERT INTO code_locations (id, name, target) SELECT :id, :name, :target WHERE NOT EXISTS (SELECT FROM known)
        ON CONFLICT (name) DO UPDATE SET target = excluded.target
        RETURNING version, number
    )
    SELECT version, number FROM known UNION ALL SELECT version, number FROM made
    """
)
_LOADED = text("UPDATE code_locations SET version = :version, error = NULL, loaded_at = now() WHERE name = :name")
_FAILED = text("UPDATE code_locations SET error = CAST(:error AS jsonb) WHERE name = :name")

_JOBS = text(
    """
    INSERT INTO jobs AS old (id, code_location, name, loaded, spec)
    SELECT given.id, :name, given.name, true, given.spec
    FROM unnest(CAST(:ids AS uuid[]), CAST(:names AS text[]), CAST(:specs AS jsonb[])) AS given(id, name, spec)
    ON CONFLICT (code_location, name) DO UPDATE SET loaded = true, spec = excluded.spec
    WHERE NOT old.loaded OR old.spec <> excluded.spec
    """
)
_UNLOAD_JOBS = text(
    "UPDATE jobs SET loaded = false WHERE code_location = :name AND loaded AND name <> ALL(CAST(:names AS text[]))"
)

_ASSETS = text(
    """
    INSERT INTO asset_definitions AS old (code_location, key, loaded, spec)
    SELECT :name, given.key, true, given.spec
    FROM unnest(CAST(:keys AS text[]), CAST(:specs AS jsonb[])) AS given(key, spec)
    ON CONFLICT (code_location, key) DO UPDATE SET loaded = true, spec = excluded.spec
    WHERE NOT old.loaded OR old.spec <> excluded.spec
    """
)
_UNLOAD_ASSETS = text(
    """
    UPDATE asset_definitions SET loaded = false
    WHERE code_location = :name AND loaded AND key <> ALL(CAST(:keys AS text[]))
    """
)
# Last in the transaction, under the lock that their writers hold.
_KNOWN_ASSETS = text(
    """
    WITH locked AS MATERIALIZED (SELECT name FROM streams WHERE name = 'assets' FOR NO KEY UPDATE)
    INSERT INTO assets (key) SELECT given.key FROM locked, unnest(CAST(:keys AS text[])) AS given(key)
    ON CONFLICT DO NOTHING
    """
)

# Rows of sensors are locked in the order of their ids, as everywhere.
_LOCK_SENSORS = text("SELECT id FROM sensors WHERE code_location = :name ORDER BY id FOR UPDATE")
_GIVEN = """
    SELECT *, make_interval(secs => given.seconds) AS step,
        -- Sensors that begin together are spread over their interval, over 5 s at most: else they fall due together.
        now() + random() * make_interval(secs => least(given.seconds, 5)) AS first
    FROM unnest(
        CAST(:ids AS uuid[]), CAST(:names AS text[]), CAST(:specs AS jsonb[]), CAST(:shards AS smallint[]),
        CAST(:statuses AS text[]), CAST(:intervals AS double precision[])
    ) AS given(id, name, spec, shard, status, seconds)
"""
# Who decided a sensor's status stays: the code's default counts only while nobody has. A pause by the failure policy is
# no decision for running: where the code says STOPPED instead of the RUNNING that was overruled, that counts.
_CHANGE_SENSORS = text(
    f"""
    WITH given AS MATERIALIZED ({_GIVEN}),
    changed AS (
        SELECT given.spec, given.step, given.first, old.id,
            coalesce(old.overruled, '') = 'CODE' AND given.status = 'STOPPED' AS stops,
            CASE WHEN old.status_source = 'CODE' OR old.overruled = 'CODE' AND given.status = 'STOPPED'
                THEN given.status ELSE old.status END AS status
        FROM given JOIN sensors AS old ON old.code_location = :name AND old.name = given.name
        WHERE NOT old.loaded OR old.spec <> given.spec
            OR (old.status_source = 'CODE' AND old.status <> given.status)
            OR (old.overruled = 'CODE' AND given.status = 'STOPPED')
    )
    UPDATE sensors SET
        loaded = true,
        spec = changed.spec,
        status = changed.status,
        status_at = CASE
            WHEN sensors.status = changed.status AND NOT changed.stops THEN sensors.status_at ELSE now() END,
        status_source = CASE WHEN changed.stops THEN 'CODE' ELSE sensors.status_source END,
        status_note = CASE WHEN changed.stops THEN NULL ELSE sensors.status_note END,
        overruled = CASE WHEN changed.stops THEN NULL ELSE sensors.overruled END,
        started_at = CASE
            WHEN changed.status = 'RUNNING' AND sensors.status <> 'RUNNING' THEN now() ELSE sensors.started_at END,
        next_tick_at = CASE
            WHEN changed.status <> 'RUNNING' THEN sensors.next_tick_at
            WHEN sensors.status <> 'RUNNING' OR NOT sensors.loaded THEN changed.first
            -- A shorter interval counts at once.
            ELSE least(sensors.next_tick_at, now() + changed.step) END
    FROM changed WHERE sensors.id = changed.id
    RETURNING sensors.id
    """
)
_ADD_SENSORS = text(
    f"""
    INSERT INTO sensors (
        id, code_location, name, loaded, spec, shard, status, status_source, status_at, started_at, next_tick_at
    )
    SELECT given.id, :name, given.name, true, given.spec, given.shard, given.status, 'CODE', now(),
        CASE WHEN given.status = 'RUNNING' THEN now() END,
        CASE WHEN given.status = 'RUNNING' THEN given.first END
    FROM ({_GIVEN}) AS given
    ON CONFLICT (code_location, name) DO NOTHING
    RETURNING id
    """
)
# Code that changed deserves a try at once: whatever failed may be mended.
_END_BACK_OFF = text(
    """
    UPDATE sensors SET consecutive_failures = 0,
        next_tick_at = CASE WHEN next_tick_at > now() THEN now() ELSE next_tick_at END
    WHERE code_location = :name AND loaded AND consecutive_failures > 0
    RETURNING id
    """
)
_UNLOAD_SENSORS = text(
    """
    UPDATE sensors SET loaded = false
    WHERE code_location = :name AND loaded AND name <> ALL(CAST(:names AS text[]))
    RETURNING id
    """
)

_RELOADS = text("SELECT name, reload_asked, reload_done FROM code_locations WHERE name = ANY(CAST(:names AS text[]))")
_DONE = text("UPDATE code_locations SET reload_done = greatest(reload_done, :asked) WHERE name = :name")


async def store(connection: AsyncConnection, name: str, target: str, outcome: Catalog | ErrorInfo) -> None:
    """Store what loading the code location `name` came to, in a transaction of its own.

    What the catalog no longer has is unloaded, not deleted; with an error that is all of it. Rows that are as given
    already stay untouched; sensors that change, in what the code says or in status, go to the stream `sensors`. A new
    version ends every back-off: those sensors are due at once.
    """
    given = {"id": new_id(), "name": name, "target": target}
    known, number = (await connection.execute(_LOCATION, given)).one()
    if isinstance(outcome, Catalog):
        await connection.execute(_LOADED, {"name": name, "version": outcome.version})
        catalog = outcome
    else:
        await connection.execute(_FAILED, {"name": name, "error": msgspec.json.encode(outcome).decode()})
        catalog = Catalog()
    changed = await _store_sensors(connection, name, number, catalog.sensors)
    if isinstance(outcome, Catalog) and outcome.version != known:
        mended = (await connection.execute(_END_BACK_OFF, {"name": name})).scalars()
        changed = list(dict.fromkeys([*changed, *mended]))
    await _store_jobs(connection, name, catalog.jobs)
    await _store_assets(connection, name, catalog.assets)
    await cursors.begin(connection, changed, "code")
    await append_sensors(connection, changed)
    if catalog.assets:
        await connection.execute(_KNOWN_ASSETS, {"keys": [escaped(asset.key) for asset in catalog.assets]})


class Reloads(NamedTuple):
    """How many reloads of a code location were asked for, and up to which of them they are done."""

    asked: int
    done: int


async def read_reloads(connection: AsyncConnection, names: Sequence[str]) -> dict[str, Reloads]:
    """Return how the reloads of the code locations `names` stand, as far as these are stored."""
    rows = await connection.execute(_RELOADS, {"names": list(names)})
    return {row.name: Reloads(row.reload_asked, row.reload_done) for row in rows}


async def reload_done(connection: AsyncConnection, name: str, asked: int) -> None:
    """Tell whoever asked for the reload number `asked`, or an earlier one, that it is done."""
    await connection.execute(_DONE, {"name": name, "asked": asked})


async def _store_sensors(
    connection: AsyncConnection, name: str, number: int, sensors: Sequence[SensorSpec]
) -> list[UUID]:
    given = {
        "name": name,
        "ids": [new_id() for _ in sensors],
        "names": [sensor.name for sensor in sensors],
        "specs": [_json(sensor) for sensor in sensors],
        "shards": [shard_of(name, sensor.name, number) for sensor in sensors],
        "statuses": [sensor.default_status.value for sensor in sensors],
        "intervals": [sensor.minimum_interval_seconds for sensor in sensors],
    }
    await connection.execute(_LOCK_SENSORS, {"name": name})
    changed = list((await connection.execute(_CHANGE_SENSORS, given)).scalars())
    changed += (await connection.execute(_ADD_SENSORS, given)).scalars()
    changed += (await connection.execute(_UNLOAD_SENSORS, {"name": name, "names": given["names"]})).scalars()
    return changed


async def _store_jobs(connection: AsyncConnection, name: str, jobs: Sequence[JobSpec]) -> None:
    names = [job.name for job in jobs]
    specs = [_json(job) for job in jobs]
    given = {"name": name, "ids": [new_id() for _ in jobs], "names": names, "specs": specs}
    await connection.execute(_JOBS, given)
    await connection.execute(_UNLOAD_JOBS, {"name": name, "names": names})


async def _store_assets(connection: AsyncConnection, name: str, assets: Sequence[AssetSpec]) -> None:
    keys = [escaped(asset.key) for asset in assets]
    await connection.execute(_ASSETS, {"name": name, "keys": keys, "specs": [_json(asset) for asset in assets]})
    await connection.execute(_UNLOAD_ASSETS, {"name": name, "keys": keys})


def _json(value: SensorSpec | JobSpec | AssetSpec) -> str:
    return msgspec.json.encode(value).decode()
