"""Rows for tests that need a database with something in it, as the evaluator and the launcher write them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text

from vedette.access import secrets
from vedette.domain.access import Role
from vedette.domain.assets import AssetEvent, AssetEventKind, escaped
from vedette.domain.catalog import AssetSpec, JobSpec, SensorSpec
from vedette.domain.ids import new_id
from vedette.storage import outbox, streams
from vedette.storage.access import tokens
from vedette.storage.access.tokens import NewToken
from vedette.storage.assets import asset_events
from vedette.storage.assets.asset_events import ToldEvent
from vedette.storage.database import Database

START = datetime(2026, 1, 1, tzinfo=UTC)


def after(seconds: float) -> datetime:
    """Return START plus that many seconds."""
    return START + timedelta(seconds=seconds)


def id_at(moment: str) -> str:
    """Return the SQL of a new id made at `moment`, the SQL of a timestamp."""
    milliseconds = f"lpad(to_hex(CAST(floor(extract(epoch FROM {moment}) * 1000) AS bigint)), 12, '0')"
    return (
        f"CAST({milliseconds} || '7' || substr(md5(random()::text), 1, 3) || '8' || "
        "substr(md5(random()::text), 1, 15) AS uuid)"
    )


async def execute(database: Database, statement: str, **values: Any) -> Any:
    """Execute one statement in a transaction of its own; return its rows, if it has some."""
    async with database.writing() as connection:
        result = await connection.execute(text(statement), values)
        return result.all() if result.returns_rows else []


async def code_location(database: Database, name: str = "shop") -> UUID:
    """Add a code location."""
    key = new_id()
    await execute(
        database,
        "INSERT INTO code_locations (id, name, target, version, loaded_at) VALUES (:id, :name, 'shop.py', 'v1', now())",
        id=key,
        name=name,
    )
    return key


async def job(database: Database, spec: JobSpec, location: str = "shop") -> UUID:
    """Add a job."""
    key = new_id()
    await execute(
        database,
        "INSERT INTO jobs (id, code_location, name, loaded, spec) "
        "VALUES (:id, :location, :name, true, CAST(:spec AS jsonb))",
        id=key,
        location=location,
        name=spec.name,
        spec=msgspec.json.encode(spec).decode(),
    )
    return key


async def sensors(database: Database, specs: Sequence[SensorSpec], location: str = "shop") -> list[UUID]:
    """Add sensors with the status that their specs say, due in a minute."""
    keys = [new_id() for _ in specs]
    await execute(
        database,
        """
        INSERT INTO sensors (id, code_location, name, loaded, spec, shard, status, status_source, next_tick_at)
        SELECT id, :location, spec ->> 'name', true, spec, 0, coalesce(spec ->> 'default_status', 'STOPPED'), 'CODE',
            now() + interval '1 minute'
        FROM unnest(CAST(:ids AS uuid[]), CAST(:specs AS jsonb[])) AS given(id, spec)
        """,
        ids=keys,
        location=location,
        specs=[msgspec.json.encode(spec).decode() for spec in specs],
    )
    return keys


async def sensor(database: Database, name: str = "inbox", location: str = "shop", **spec: Any) -> UUID:
    """Add one sensor."""
    return (await sensors(database, [SensorSpec(name=name, **spec)], location))[0]


async def tick(database: Database, sensor_id: UUID, number: int, status: str = "SKIPPED", **columns: Any) -> UUID:
    """Add a tick that started `number` seconds after START, and its changes to the stream."""
    ended = None if status == "STARTED" else after(number + 0.5)
    launched = 1 if status == "SUCCESS" else 0
    values = {"started_at": after(number), "finished_at": ended, "launched_count": launched, **columns}
    key = new_id(values["started_at"])
    names = ", ".join(values)
    async with database.writing() as connection:
        await connection.execute(
            text(
                f"INSERT INTO ticks (id, sensor_id, number, status, cause, epoch, {names}) VALUES "
                f"(:id, :sensor_id, :number, :status, 'INTERVAL', 1, {', '.join(f':{name}' for name in values)})"
            ),
            {"id": key, "sensor_id": sensor_id, "number": number, "status": status, **values},
        )
        await connection.execute(
            text(
                "UPDATE sensors SET last_tick_id = :id, last_tick_at = :at, tick_count = :number WHERE id = :sensor_id"
            ),
            {"id": key, "at": values["started_at"], "number": number, "sensor_id": sensor_id},
        )
        await streams.append_ticks(connection, [(key, sensor_id, status)])
    return key


async def end_tick(database: Database, tick_id: UUID, status: str) -> None:
    """End a STARTED tick."""
    async with database.writing() as connection:
        rows = await connection.execute(
            text(
                "UPDATE ticks SET status = CAST(:status AS text), finished_at = now(), "
                "launched_count = CASE CAST(:status AS text) WHEN 'SUCCESS' THEN 1 ELSE 0 END "
                "WHERE id = :id RETURNING sensor_id"
            ),
            {"id": tick_id, "status": status},
        )
        await streams.append_ticks(connection, [(tick_id, rows.scalar_one(), status)])


async def run(database: Database, number: int, status: str = "QUEUED", **columns: Any) -> UUID:
    """Add a run that was queued `number` seconds after START, with its first event and change."""
    key = new_id()
    values = {
        "code_location": "shop", "job_name": "process", "run_config": "{}", "tags": "{}", "on_interrupted": "fail",
        "queued_at": after(number), "event_count": 1, **columns,
    }  # fmt: skip
    marks = [
        f"CAST(:{name} AS jsonb)" if name in {"run_config", "tags", "asset_selection"} else f":{name}"
        for name in values
    ]
    async with database.writing() as connection:
        await connection.execute(
            text(f"INSERT INTO runs (id, status, {', '.join(values)}) VALUES (:id, :status, {', '.join(marks)})"),
            {"id": key, "status": status, **values},
        )
        await connection.execute(
            text("INSERT INTO run_events (run_id, position, at, kind) VALUES (:id, 1, now(), 'RUN_QUEUED')"),
            {"id": key},
        )
        await outbox.add_runs(connection, [(key, status)])
        await outbox.forward(connection)
    return key


async def run_event(database: Database, run_id: UUID, kind: str, status: str | None = None, **columns: Any) -> None:
    """Append an event to a run, and give the run a status with it."""
    names = "".join(f", {name}" for name in columns)
    marks = "".join(f", :{name}" for name in columns)
    async with database.writing() as connection:
        await connection.execute(
            text(
                f"""
                WITH counted AS (
                    UPDATE runs SET event_count = event_count + 1, status = coalesce(CAST(:status AS text), status)
                    WHERE id = :id RETURNING event_count
                )
                INSERT INTO run_events (run_id, position, at, kind{names})
                SELECT :id, event_count, now(), :kind{marks} FROM counted
                """
            ),
            {"id": run_id, "kind": kind, "status": status, **columns},
        )
        await outbox.add_runs(connection, [(run_id, status)] if status else [])
        await outbox.forward(connection)


async def assets(database: Database, specs: Sequence[AssetSpec], location: str = "shop") -> None:
    """Add assets that a code location defines."""
    values = {
        "location": location,
        "keys": [escaped(spec.key) for spec in specs],
        "specs": [msgspec.json.encode(spec).decode() for spec in specs],
    }
    await execute(
        database,
        """
        WITH known AS (INSERT INTO assets (key) SELECT unnest(CAST(:keys AS text[])) ON CONFLICT DO NOTHING)
        INSERT INTO asset_definitions (code_location, key, loaded, spec)
        SELECT :location, key, true, spec
        FROM unnest(CAST(:keys AS text[]), CAST(:specs AS jsonb[])) AS given(key, spec)
        """,
        **values,
    )
    # As loading it does, by which a server knows that there is something new.
    await execute(database, "UPDATE code_locations SET loaded_at = now() WHERE name = :location", location=location)


async def asset_event(
    database: Database,
    key: str,
    kind: AssetEventKind = AssetEventKind.MATERIALIZATION,
    *,
    run_id: UUID | None = None,
    tick_id: UUID | None = None,
    place: int = 0,
    **event: Any,
) -> None:
    """Tell what happened to an asset, written a/b: by a run, by a tick, or reported."""
    told = AssetEvent(kind, tuple(key.split("/")), **event)
    source = run_id or tick_id or new_id()
    async with database.writing() as connection:
        await asset_events.append(connection, [ToldEvent(source, place, told, run_id, None, tick_id)])


async def token(
    database: Database, name: str, role: Role = Role.VIEWER, code_locations: tuple[str, ...] | None = None
) -> UUID:
    """Add a token that is called as it is shown: its name is its secret, with `vdt_` before it."""
    wanted = NewToken(name, secrets.digest(f"vdt_{name}"), f"vdt_{name}", role, code_locations, "seeds", None)
    async with database.writing() as connection:
        made = await tokens.make(connection, wanted)
    assert made is not None
    return made.id
