"""Sensors that fail, on a real database: they back off, are paused, probed and started again; people have their way."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import text

from integration.evaluator.stage import NOTHING_NEW, FakeLocation, Row, Stage, evaluating, settings, until
from vedette.bus import Bus
from vedette.domain.catalog import Catalog, SensorSpec, SensorStatus
from vedette.domain.logs import ErrorInfo
from vedette.domain.sensors import SensorConditionKind, condition_of
from vedette.domain.ticks import Evaluation, EvaluationInstruction
from vedette.storage.catalog import catalogs
from vedette.storage.database import Database
from vedette.storage.sensors import cursors, sensors, statuses
from vedette.storage.sensors.sensors import SensorSeen

FAILS = Evaluation(error=ErrorInfo("ValueError", "no such folder\nlook closer"))
SPEC = SensorSpec("inbox", minimum_interval_seconds=0.05, default_status=SensorStatus.RUNNING)
HOUR = timedelta(hours=1)


class Source:
    """What the sensor `inbox` watches: it fails until it is mended."""

    def __init__(self, location: FakeLocation) -> None:
        self.answer = FAILS
        self.calls = 0
        location.code["inbox"] = self.evaluate

    async def evaluate(self, instruction: EvaluationInstruction) -> Evaluation:
        self.calls += 1
        return self.answer


@pytest.fixture
def stage(database: Database) -> Stage:
    return Stage(database)


@contextmanager
def staged(stage: Stage, spec: SensorSpec = SPEC) -> Iterator[tuple[FakeLocation, Source]]:
    location = stage.location(spec)
    yield location, Source(location)


async def seen(database: Database, sensor_id: UUID) -> SensorSeen:
    async with database.reading() as connection:
        return (await sensors.by_ids(connection, [sensor_id]))[sensor_id]


async def store(database: Database, bus: Bus, *specs: SensorSpec, code: str) -> None:
    async with database.writing() as connection:
        await catalogs.store(connection, "here", "here.py", Catalog(specs, code=code))
    bus.knock("sensors")


async def stored(database: Database, bus: Bus, spec: SensorSpec = SPEC) -> UUID:
    await store(database, bus, spec, code="1")
    async with database.reading() as connection:
        sensor_id: UUID = (await connection.execute(text("SELECT id FROM sensors"))).scalar_one()
    return sensor_id


async def failed(stage: Stage, sensor_id: UUID, times: int) -> Row:
    async def often_enough() -> Any:
        row = await stage.sensor(sensor_id)
        return row if row["consecutive_failures"] >= times else None

    return await until(often_enough)


async def has(stage: Stage, sensor_id: UUID, **wanted: object) -> Row:
    async def it_has() -> Any:
        row = await stage.sensor(sensor_id)
        return row if all(row[name] == value for name, value in wanted.items()) else None

    return await until(it_has)


async def test_a_failing_sensor_backs_off_and_says_why_and_recovers(stage: Stage, database: Database, bus: Bus) -> None:
    sensor_id = await stored(database, bus)
    with staged(stage) as (location, source):
        async with evaluating(database, bus, location):
            await failed(stage, sensor_id, 5)
            sensor, at = await seen(database, sensor_id)
            ticks = await stage.ticks(sensor_id)
            source.answer = NOTHING_NEW
            await has(stage, sensor_id, consecutive_failures=0)
    gaps = [
        (later["started_at"] - earlier["started_at"]).total_seconds()
        for earlier, later in itertools.pairwise(ticks[:5])
    ]
    # 0.1 s doubled, spread by a fifth, and the machine's own lateness on top.
    assert [gap >= 0.8 * exact for gap, exact in zip(gaps, (0.1, 0.2, 0.4, 0.8), strict=True)] == [True] * 4
    condition = condition_of(sensor, at)
    assert condition.kind is SensorConditionKind.BACKING_OFF
    assert condition.until == sensor.next_tick_at
    assert condition.message == "It failed 5 times in a row, the last: ValueError: no such folder"


async def test_retry_after_is_kept_over_the_ceiling(stage: Stage, database: Database, bus: Bus) -> None:
    sensor_id = await stored(database, bus)
    with staged(stage) as (location, source):
        source.answer = msgspec.structs.replace(FAILS, retry_after_seconds=3600.0)
        async with evaluating(database, bus, location, settings(backoff_ceiling_seconds=1.0)):
            row = await failed(stage, sensor_id, 1)
    [tick] = await stage.ticks(sensor_id)
    assert HOUR <= row["next_tick_at"] - tick["finished_at"] < HOUR + timedelta(seconds=30)


async def fails_for_an_hour(stage: Stage, source: Source, sensor_id: UUID) -> None:
    source.answer = msgspec.structs.replace(FAILS, retry_after_seconds=3600.0)
    await failed(stage, sensor_id, 1)
    source.answer = NOTHING_NEW


async def start(database: Database, sensor_id: UUID) -> None:
    async with database.writing() as connection:
        assert await statuses.switch(connection, [sensor_id], SensorStatus.RUNNING, "me")


async def reset(database: Database, sensor_id: UUID) -> None:
    async with database.writing() as connection:
        assert await statuses.reset(connection, [sensor_id])


async def edit_cursor(database: Database, sensor_id: UUID) -> None:
    async with database.writing() as connection:
        assert await cursors.edit(connection, sensor_id, "mine", None, "me")


async def deploy(database: Database, sensor_id: UUID) -> None:
    async with database.writing() as connection:
        await catalogs.store(connection, "here", "here.py", Catalog((SPEC,), code="2"))


@pytest.mark.parametrize("act", [start, reset, edit_cursor, deploy])
async def test_a_person_or_new_code_ends_the_back_off_at_once(
    stage: Stage, database: Database, bus: Bus, act: Any
) -> None:
    sensor_id = await stored(database, bus)
    with staged(stage) as (location, source):
        async with evaluating(database, bus, location):
            await fails_for_an_hour(stage, source, sensor_id)
            await act(database, sensor_id)
            row = await stage.sensor(sensor_id)
            assert row["consecutive_failures"] == 0
            bus.knock("sensors")
            await until(lambda: _skipped(stage, sensor_id), within=5.0)


async def _skipped(stage: Stage, sensor_id: UUID) -> bool:
    last = await stage.last_tick(sensor_id)
    return last is not None and last["status"] == "SKIPPED"


async def test_the_same_code_again_keeps_the_back_off(stage: Stage, database: Database, bus: Bus) -> None:
    sensor_id = await stored(database, bus)
    with staged(stage) as (location, source):
        async with evaluating(database, bus, location):
            await fails_for_an_hour(stage, source, sensor_id)
        before = await stage.sensor(sensor_id)
        await store(database, bus, SPEC, code="1")
        async with evaluating(database, bus, location):
            await until(lambda: _held(stage))
        assert source.calls == 1
    assert await stage.sensor(sensor_id) == before


async def _held(stage: Stage) -> bool:
    rows = await stage.rows("SELECT name FROM leases WHERE expires_at > now()")
    return len(rows) == 16


PAUSING = settings(backoff_ceiling_seconds=0.3, failures_before_pause=3)


async def test_a_sensor_that_fails_on_is_paused_probed_and_starts_by_itself(
    stage: Stage, database: Database, bus: Bus
) -> None:
    sensor_id = await stored(database, bus)
    with staged(stage) as (location, source):
        async with evaluating(database, bus, location, PAUSING):
            row = await has(stage, sensor_id, status="STOPPED")
            assert row["status_source"] == "FAILURE_POLICY"
            assert row["status_note"].startswith(
                "Paused after 3 failures in a row, the last: ValueError: no such folder."
            )
            started = row["started_at"]
            await failed(stage, sensor_id, 5)
            sensor, _ = await seen(database, sensor_id)
            assert sensor.is_paused
            assert sensor.next_tick_at is not None
            source.answer = NOTHING_NEW
            row = await has(stage, sensor_id, status="RUNNING")
    assert (row["status_source"], row["consecutive_failures"]) == ("FAILURE_POLICY", 0)
    assert "by itself" in row["status_note"]
    # It missed nothing by its own doing: what happened during the pause is still new to it.
    assert row["started_at"] == started
    assert {tick["cause"] for tick in await stage.ticks(sensor_id)} == {"INTERVAL"}


async def test_a_sensor_may_set_its_own_number_and_zero_is_never(stage: Stage, database: Database, bus: Bus) -> None:
    spec = msgspec.structs.replace(SPEC, failures_before_pause=0)
    sensor_id = await stored(database, bus, spec)
    with staged(stage, spec) as (location, _):
        async with evaluating(database, bus, location, PAUSING):
            row = await failed(stage, sensor_id, 5)
    assert (row["status"], row["status_source"]) == ("RUNNING", "CODE")


async def test_a_pause_survives_a_restart_and_is_probed_by_the_next_evaluator(
    stage: Stage, database: Database, bus: Bus
) -> None:
    sensor_id = await stored(database, bus)
    with staged(stage) as (location, source):
        async with evaluating(database, bus, location, PAUSING):
            await has(stage, sensor_id, status="STOPPED")
        source.answer = NOTHING_NEW
        await store(database, bus, SPEC, code="1")
        assert (await stage.sensor(sensor_id))["status"] == "STOPPED"
        async with evaluating(database, bus, location, PAUSING):
            await has(stage, sensor_id, status="RUNNING", status_source="FAILURE_POLICY")


async def test_a_persons_stop_is_never_undone(stage: Stage, database: Database, bus: Bus) -> None:
    """Not by a probe that would succeed, not by deploys, not by a restart."""
    sensor_id = await stored(database, bus)
    with staged(stage) as (location, source):
        async with evaluating(database, bus, location, PAUSING):
            await has(stage, sensor_id, status="STOPPED")
            async with database.writing() as connection:
                await statuses.switch(connection, [sensor_id], SensorStatus.STOPPED, "me", "disk is full")
            bus.knock("sensors")
            source.answer = NOTHING_NEW
        for code in ("2", "3"):
            await store(database, bus, msgspec.structs.replace(SPEC, description=code), code=code)
            calls = source.calls
            async with evaluating(database, bus, location, PAUSING):
                await until(lambda: _held(stage))
                # Several probes' time, on the database's clock.
                await stage.execute("SELECT pg_sleep(1)")
            assert source.calls == calls
            row = await stage.sensor(sensor_id)
            assert (row["status"], row["status_source"], row["status_actor"]) == ("STOPPED", "USER", "me")
            assert (row["status_note"], row["overruled"]) == ("disk is full", None)


@pytest.mark.parametrize("resumed", [False, True])
async def test_the_code_may_stop_what_only_the_code_had_started(
    stage: Stage, database: Database, bus: Bus, resumed: bool
) -> None:
    sensor_id = await stored(database, bus)
    with staged(stage) as (location, source):
        async with evaluating(database, bus, location, PAUSING):
            await has(stage, sensor_id, status="STOPPED")
            if resumed:
                source.answer = NOTHING_NEW
                await has(stage, sensor_id, status="RUNNING")
    await store(database, bus, SPEC, code="2")
    assert (await stage.sensor(sensor_id))["status_source"] == "FAILURE_POLICY"
    await store(database, bus, msgspec.structs.replace(SPEC, default_status=SensorStatus.STOPPED), code="3")
    row = await stage.sensor(sensor_id)
    assert (row["status"], row["status_source"], row["status_note"]) == ("STOPPED", "CODE", None)


async def test_a_persons_start_is_kept_over_a_pause(stage: Stage, database: Database, bus: Bus) -> None:
    sensor_id = await stored(database, bus)
    await start(database, sensor_id)
    with staged(stage) as (location, source):
        async with evaluating(database, bus, location, PAUSING):
            await has(stage, sensor_id, status="STOPPED", overruled="USER")
            await store(database, bus, msgspec.structs.replace(SPEC, default_status=SensorStatus.STOPPED), code="2")
            source.answer = NOTHING_NEW
            await has(stage, sensor_id, status="RUNNING", status_source="FAILURE_POLICY")


async def test_two_evaluators_count_each_failure_once(stage: Stage, database: Database, bus: Bus) -> None:
    sensor_id = await stored(database, bus)
    with staged(stage) as (location, _), staged(stage) as (other, _):
        async with evaluating(database, bus, location, PAUSING), evaluating(database, bus, other, PAUSING):
            await failed(stage, sensor_id, 6)
        row = await stage.sensor(sensor_id)
    failures = [tick for tick in await stage.ticks(sensor_id) if tick["status"] == "FAILURE"]
    assert len(failures) == row["consecutive_failures"]
    assert (row["status"], row["status_source"]) == ("STOPPED", "FAILURE_POLICY")
    assert row["status_note"].startswith("Paused after 3 failures")
