"""Recording on a real database: all of a tick or nothing of it, however many write at once."""

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import text

from integration.evaluator.stage import NOTHING_NEW, Row, Stage
from vedette.domain.assets import AssetEvent, AssetEventKind
from vedette.domain.catalog import AssetSpec, SensorSpec, SensorStatus
from vedette.domain.ids import new_id
from vedette.domain.logs import ErrorInfo, LogLevel, LogRecord
from vedette.domain.sensors import shard_of
from vedette.domain.ticks import Evaluation, RequestedRun, TickCause
from vedette.storage import leases
from vedette.storage.database import Database
from vedette.storage.ticks import orphans
from vedette.storage.ticks.recording import RecordedTick, Recording, TickRefused, record
from vedette.storage.ticks.verdicts import SensorState, TickRecord

SECOND = timedelta(seconds=1)


class Holder:
    """Somebody who holds all shards at the given epochs and records ticks."""

    def __init__(self, stage: Stage, worker_id: UUID, epochs: dict[int, int]) -> None:
        self.stage = stage
        self.worker_id = worker_id
        self.epochs = epochs
        self._seconds = 0

    async def tick(
        self, sensor_id: UUID, evaluation: Evaluation | None, cause: TickCause = TickCause.INTERVAL
    ) -> TickRecord:
        """Return a tick of the sensor that began now, from how it stands now."""
        row = await self.stage.sensor(sensor_id)
        now: datetime = (await self.stage.row("SELECT clock_timestamp() AS now"))["now"]
        before = SensorState(
            row["loaded"],
            SensorStatus(row["status"]),
            row["status_at"],
            row["started_at"],
            row["cursor"],
            row["cursor_version"],
            row["last_tick_at"],
            row["last_finished_at"],
            row["next_tick_at"],
        )
        epoch = self.epochs[row["shard"]]
        return TickRecord(
            new_id(), sensor_id, row["shard"], epoch, cause, now, before, 30.0, now, None, now + SECOND, evaluation
        )

    async def record(self, *ticks: TickRecord) -> Recording:
        return await record(self.stage.database, self.worker_id, ticks, 10.0)

    async def recorded(self, sensor_id: UUID, evaluation: Evaluation | None, **kind: Any) -> RecordedTick:
        recording = await self.record(await self.tick(sensor_id, evaluation, **kind))
        return recording.ticks[0]


@pytest.fixture
def stage(database: Database) -> Stage:
    return Stage(database)


@pytest.fixture
async def holder(stage: Stage) -> Holder:
    return await take_all(stage)


async def take_all(stage: Stage) -> Holder:
    worker_id = new_id()
    async with stage.database.writing() as connection:
        await leases.prepare(connection, [0])
        epochs = await leases.claim(connection, worker_id, 60.0, {0: 16})
    assert len(epochs) == 16
    return Holder(stage, worker_id, epochs)


async def one(stage: Stage, status: SensorStatus = SensorStatus.RUNNING) -> UUID:
    [sensor_id] = await stage.add(SensorSpec("inbox"), status=status)
    return sensor_id


def asks(*keys: str | None, cursor: str | None = None) -> Evaluation:
    requests = tuple(RequestedRun("load", run_key=key, tags={"who": "request"}) for key in keys)
    return Evaluation(requests, cursor_set=cursor is not None, cursor=cursor)


async def test_a_tick_is_recorded_with_all_its_effects(stage: Stage, holder: Holder) -> None:
    sensor_id = await one(stage)
    at = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
    log = LogRecord(at, LogLevel.WARNING, "mine", "found it", ErrorInfo("E", "m"))
    config = {"ops": {"load": {"config": {"path": "a ü \N{SNOWMAN}", "n": 1.5}}}}
    request = RequestedRun("load", "k", config, {"who": "request"}, "2026-01-01", (("raw", "files"),))
    evaluation = Evaluation((request,), cursor_set=True, cursor="c1", logs=(log,))
    recording = await holder.record(await holder.tick(sensor_id, evaluation))

    assert (recording.ticks_changed, recording.sensors_changed, recording.runs_changed) == (True, True, True)
    [tick] = await stage.ticks(sensor_id)
    run = await stage.row("SELECT * FROM runs")
    assert (tick["status"], tick["requested_count"], tick["launched_count"]) == ("SUCCESS", 1, 1)
    assert (run["status"], run["run_key"], run["tick_id"], run["sensor_id"]) == ("QUEUED", "k", tick["id"], sensor_id)
    assert (run["partition_key"], run["on_interrupted"], run["event_count"]) == ("2026-01-01", "fail", 1)
    assert (json.loads(run["run_config"]), json.loads(run["asset_selection"])) == (config, [["raw", "files"]])
    assert json.loads(run["tags"]) == {
        "team": "data",
        "who": "request",
        "vedette/sensor_name": "inbox",
        "vedette/tick": str(tick["id"]),
        "vedette/run_key": "k",
    }
    requested = await stage.row("SELECT * FROM run_requests")
    assert (requested["outcome"], requested["run_id"], requested["index"]) == ("LAUNCHED", run["id"], 0)
    assert json.loads(requested["tags"]) == {"who": "request"}
    event = await stage.row("SELECT * FROM run_events")
    assert (event["run_id"], event["position"], event["kind"]) == (run["id"], 1, "RUN_QUEUED")
    line = await stage.row("SELECT * FROM tick_logs")
    assert (line["seq"], line["level"], line["message"], line["at"]) == (1, "WARNING", "found it", at)
    change = await stage.row("SELECT * FROM cursor_changes")
    assert (change["version"], change["value"], change["tick_id"]) == (1, "c1", tick["id"])
    sensor = await stage.sensor(sensor_id)
    assert (sensor["cursor"], sensor["cursor_version"], sensor["tick_count"]) == ("c1", 1, 1)
    assert (sensor["last_tick_id"], sensor["last_tick_at"]) == (tick["id"], tick["started_at"])
    assert sensor["last_finished_at"] == tick["finished_at"]
    assert sensor["next_tick_at"] == tick["started_at"] + 30 * SECOND
    assert recording.ticks[0].sensor is not None
    assert recording.ticks[0].sensor.cursor == "c1"


async def test_run_keys_launch_once_within_a_tick_and_across_ticks(stage: Stage, holder: Holder) -> None:
    sensor_id = await one(stage)
    await holder.recorded(sensor_id, asks("a", "b", "a", None, None))
    await holder.recorded(sensor_id, asks("c", "a"))
    await holder.recorded(sensor_id, asks("a", "c"))
    first, second, third = await stage.ticks(sensor_id)
    assert (first["status"], first["requested_count"], first["launched_count"]) == ("SUCCESS", 5, 4)
    assert (second["status"], second["requested_count"], second["launched_count"]) == ("SUCCESS", 2, 1)
    assert (third["status"], third["requested_count"], third["launched_count"]) == ("SKIPPED", 2, 0)
    assert third["skip_reason"] == "All 2 run requests repeat run keys that already have runs."
    runs = {run["run_key"]: run["id"] for run in await stage.rows("SELECT * FROM runs WHERE run_key IS NOT NULL")}
    for tick_id in (first["id"], second["id"], third["id"]):
        requests = await stage.rows("SELECT * FROM run_requests WHERE tick_id = :id ORDER BY index", id=tick_id)
        for request in requests:
            if request["run_key"] is not None:
                assert request["run_id"] == runs[request["run_key"]]
    outcomes = await stage.rows("SELECT outcome FROM run_requests WHERE tick_id = :id ORDER BY index", id=first["id"])
    assert [row["outcome"] for row in outcomes] == ["LAUNCHED", "LAUNCHED", "DUPLICATE", "LAUNCHED", "LAUNCHED"]


async def test_runs_are_queued_in_the_order_of_the_requests(stage: Stage, holder: Holder) -> None:
    sensor_id = await one(stage)
    keys = [f"k{n}" for n in range(200)]
    await holder.recorded(sensor_id, asks(*keys))
    runs = await stage.rows("SELECT run_key FROM runs ORDER BY queued_at, id")
    assert [run["run_key"] for run in runs] == keys


async def test_two_who_record_the_same_keys_at_once_make_one_run_each(stage: Stage, holder: Holder) -> None:
    sensor_id = await one(stage)
    ticks = [await holder.tick(sensor_id, asks("a", "b", "c")) for _ in range(8)]
    await asyncio.gather(*(holder.record(tick) for tick in ticks))
    assert len(await stage.rows("SELECT id FROM runs")) == 3
    statuses = [tick["status"] for tick in await stage.ticks(sensor_id)]
    assert sorted(statuses) == ["SKIPPED"] * 7 + ["SUCCESS"]
    assert {tick["number"] for tick in await stage.ticks(sensor_id)} == set(range(1, 9))


async def test_stopped_edited_and_unloaded_sensors_launch_nothing(stage: Stage, holder: Holder) -> None:
    specs = [SensorSpec(name) for name in ("stopped", "edited", "unloaded", "left")]
    ids = await stage.add(*specs)
    ticks = [await holder.tick(sensor_id, asks("k", cursor="c")) for sensor_id in ids]
    await stage.stop(ids[0])
    await stage.set_cursor(ids[1], "mine")
    await stage.changed(ids[2], "loaded = false")
    recording = await holder.record(*ticks)
    rows = {tick["sensor_id"]: tick for tick in await stage.rows("SELECT * FROM ticks")}
    assert [rows[sensor_id]["status"] for sensor_id in ids] == ["SKIPPED", "SKIPPED", "SKIPPED", "SUCCESS"]
    assert "stopped" in rows[ids[0]]["skip_reason"]
    assert "cursor was set" in rows[ids[1]]["skip_reason"]
    assert "stopped defining" in rows[ids[2]]["skip_reason"]
    assert [(await stage.sensor(sensor_id))["cursor"] for sensor_id in ids] == [None, "mine", None, "c"]
    assert len(await stage.rows("SELECT id FROM runs")) == 1
    after = {recorded.tick.sensor_id: recorded.sensor for recorded in recording.ticks}
    edited = after[ids[1]]
    assert edited is not None
    assert (edited.cursor, edited.cursor_version) == ("mine", 1)
    sensor = await stage.sensor(ids[1])
    # At once, not an interval later.
    assert sensor["next_tick_at"] < ticks[1].started_at + 20 * SECOND
    assert (await stage.sensor(ids[0]))["next_tick_at"] is None


async def test_a_failure_launches_nothing_and_an_earlier_cursor_stays(stage: Stage, holder: Holder) -> None:
    sensor_id = await one(stage)
    await holder.recorded(sensor_id, Evaluation(skip_reason="x", cursor_set=True, cursor="c1"))
    failed = Evaluation(error=ErrorInfo("ValueError", "bad", ("frame",)), cursor_set=True, cursor="c2")
    await holder.recorded(sensor_id, failed)
    await holder.recorded(sensor_id, failed)
    sensor = await stage.sensor(sensor_id)
    assert (sensor["cursor"], sensor["cursor_version"], sensor["consecutive_failures"]) == ("c1", 1, 2)
    ticks = await stage.ticks(sensor_id)
    assert [tick["status"] for tick in ticks] == ["SKIPPED", "FAILURE", "FAILURE"]
    assert msgspec.json.decode(ticks[1]["error"], type=ErrorInfo) == failed.error
    # The cursor of the first tick, then a failure, then another: three changes of the sensor.
    assert len(await stage.rows("SELECT * FROM sensor_changes")) == 3


async def test_quiet_skips_extend_one_tick_until_something_happens(stage: Stage, holder: Holder) -> None:
    sensor_id = await one(stage)
    for _ in range(4):
        last = await holder.recorded(sensor_id, NOTHING_NEW)
    [tick] = await stage.ticks(sensor_id)
    assert (tick["repeats"], tick["last_repeat_at"]) == (3, last.tick.started_at)
    await holder.recorded(sensor_id, NOTHING_NEW, cause=TickCause.MANUAL)
    await holder.recorded(sensor_id, NOTHING_NEW)
    await holder.recorded(sensor_id, NOTHING_NEW)
    await stage.set_cursor(sensor_id, "edited")
    await holder.recorded(sensor_id, NOTHING_NEW)
    await holder.recorded(sensor_id, Evaluation(skip_reason="Another."))
    await holder.recorded(sensor_id, Evaluation(skip_reason=None))
    await holder.recorded(sensor_id, Evaluation(skip_reason=None))
    ticks = await stage.ticks(sensor_id)
    assert [(tick["number"], tick["cause"], tick["repeats"]) for tick in ticks] == [
        (1, "INTERVAL", 3),
        (2, "MANUAL", 0),
        (3, "INTERVAL", 1),
        (4, "INTERVAL", 0),
        (5, "INTERVAL", 0),
        (6, "INTERVAL", 1),
    ]
    assert (await stage.sensor(sensor_id))["tick_count"] == 6
    changes = await stage.rows("SELECT tick_id FROM tick_changes ORDER BY position")
    assert [change["tick_id"] for change in changes] == [tick["id"] for tick in ticks]


async def test_a_tick_takes_no_repeats_for_longer_than_a_day(stage: Stage, holder: Holder) -> None:
    """It would be dropped with the ticks of the day it began, and with it all that its sensor did since."""
    sensor_id = await one(stage)
    await holder.recorded(sensor_id, NOTHING_NEW)
    await stage.execute("UPDATE ticks SET started_at = started_at - interval '25 hours'")
    await holder.recorded(sensor_id, NOTHING_NEW)
    await holder.recorded(sensor_id, NOTHING_NEW)
    assert [(tick["number"], tick["repeats"]) for tick in await stage.ticks(sensor_id)] == [(1, 0), (2, 1)]


async def test_a_batch_of_quiet_ticks_appends_to_no_stream(stage: Stage, holder: Holder) -> None:
    ids = await stage.add(*(SensorSpec(f"s{n}") for n in range(50)))
    await holder.record(*[await holder.tick(sensor_id, NOTHING_NEW) for sensor_id in ids])
    recording = await holder.record(*[await holder.tick(sensor_id, NOTHING_NEW) for sensor_id in ids])
    assert (recording.ticks_changed, recording.sensors_changed, recording.runs_changed) == (False, False, False)
    assert {tick["repeats"] for tick in await stage.rows("SELECT repeats FROM ticks")} == {1}


async def test_who_lost_the_lease_records_nothing(stage: Stage, holder: Holder) -> None:
    ids = await stage.add(SensorSpec("one"), SensorSpec("other"))
    shards = [shard_of("here", name) for name in ("one", "other")]
    assert shards[0] != shards[1]
    ticks = [await holder.tick(sensor_id, asks("k", cursor="c")) for sensor_id in ids]
    await stage.execute("UPDATE leases SET epoch = epoch + 1 WHERE name = :name", name=f"sensors/{shards[0]}")
    recording = await holder.record(*ticks)
    kept = {recorded.tick.sensor_id: recorded.sensor is not None for recorded in recording.ticks}
    assert kept == {ids[0]: False, ids[1]: True}
    assert await stage.ticks(ids[0]) == []
    assert (await stage.sensor(ids[0]))["cursor"] is None


async def test_a_commit_whose_answer_was_lost_is_not_made_twice(stage: Stage, holder: Holder) -> None:
    ids = await stage.add(SensorSpec("asks"), SensorSpec("quiet"))
    await holder.recorded(ids[1], NOTHING_NEW)
    ticks = [
        await holder.tick(ids[0], asks(None, cursor="c")),
        await holder.tick(ids[1], NOTHING_NEW),
    ]
    await holder.record(*ticks)
    again = await holder.record(*ticks)
    assert len(await stage.rows("SELECT id FROM runs")) == 1
    assert [tick["repeats"] for tick in await stage.ticks(ids[1])] == [1]
    assert {recorded.tick.sensor_id for recorded in again.ticks if recorded.sensor} == set(ids)


async def test_a_batch_with_a_tick_that_the_database_refuses_is_undone_whole(stage: Stage, holder: Holder) -> None:
    ids = await stage.add(SensorSpec("good"), SensorSpec("bad"))
    good = await holder.tick(ids[0], asks("k", cursor="c"))
    bad = await holder.tick(ids[1], Evaluation((RequestedRun("load", run_config={"a": "\0"}),)))
    with pytest.raises(TickRefused, match="Unicode"):
        await holder.record(good, bad)
    assert await stage.rows("SELECT id FROM ticks") == []
    assert await stage.rows("SELECT * FROM run_keys") == []
    await holder.record(good)
    assert len(await stage.ticks(ids[0])) == 1


async def test_an_orphan_is_closed_by_the_next_holder_and_its_sensor_is_due(stage: Stage, holder: Holder) -> None:
    sensor_id = await one(stage)
    shown = await holder.recorded(sensor_id, None)
    assert shown.shown
    async with stage.database.writing() as connection:
        assert not await orphans.close(connection, holder.worker_id, list(holder.epochs.items()))
        await leases.release(connection, holder.worker_id, range(16))
    late = await holder.tick(sensor_id, asks("k"))
    successor = await take_all(stage)
    async with stage.database.writing() as connection:
        assert await orphans.close(connection, successor.worker_id, list(successor.epochs.items()))
    [tick] = await stage.ticks(sensor_id)
    assert (tick["status"], tick["finished_at"] is not None) == ("FAILURE", True)
    assert "evaluator was lost" in tick["error"]
    sensor = await stage.sensor(sensor_id)
    assert (sensor["evaluating_tick_id"], sensor["last_tick_id"]) == (None, tick["id"])
    assert sensor["next_tick_at"] <= (await stage.row("SELECT now() AS now"))["now"]
    assert [recorded.sensor for recorded in (await holder.record(late)).ticks] == [None]
    statuses = await stage.rows("SELECT status FROM tick_changes ORDER BY position")
    assert [row["status"] for row in statuses] == ["STARTED", "FAILURE"]


async def test_positions_are_gapless_and_numbers_and_cursors_a_chain_with_many_committers(
    stage: Stage, holder: Holder
) -> None:
    ids = await stage.add(*(SensorSpec(f"s{n}") for n in range(12)))

    async def commit(mine: list[UUID]) -> None:
        for n in range(15):
            ticks = [await holder.tick(sensor_id, asks(f"k{n}", cursor=f"c{n}")) for sensor_id in mine]
            await holder.record(*ticks)

    await asyncio.gather(*(commit(ids[start::4]) for start in range(4)))
    for stream, count in (("tick_changes", 180), ("run_changes", 180), ("sensor_changes", 180)):
        rows = await stage.rows(f"SELECT position FROM {stream} ORDER BY position")
        assert [row["position"] for row in rows] == list(range(1, count + 1))
    for sensor_id in ids:
        ticks = await stage.ticks(sensor_id)
        assert [tick["number"] for tick in ticks] == list(range(1, 16))
        history: list[Row] = await stage.rows(
            "SELECT * FROM cursor_changes WHERE sensor_id = :id ORDER BY version", id=sensor_id
        )
        assert [row["version"] for row in history] == list(range(1, 16))
        befores = [tick["cursor_before"] for tick in ticks]
        assert befores == [None, *(row["value"] for row in history[:-1])]


async def test_what_a_tick_tells_of_assets_is_recorded_with_it_and_once(stage: Stage, holder: Holder) -> None:
    """A4.5, E37: events of assets are committed with the tick, or not at all; retries double nothing."""
    sensor_id = await one(stage)
    events = (AssetEvent(AssetEventKind.MATERIALIZATION, ("a",)), AssetEvent(AssetEventKind.OBSERVATION, ("b",)))
    told = Evaluation(asset_events=events, skip_reason="Only told.")
    tick = await holder.tick(sensor_id, told)
    assert (await holder.record(tick)).assets_changed
    # The answer of the commit was lost: it is recorded again.
    assert not (await holder.record(tick)).assets_changed
    failed = Evaluation(error=ErrorInfo("E", "m"), asset_events=events)
    await holder.recorded(sensor_id, failed)
    stopped = await holder.tick(sensor_id, told)
    await stage.execute("UPDATE sensors SET status = 'STOPPED'")
    await holder.record(stopped)
    rows = await stage.rows("SELECT position, key, kind, tick_id FROM asset_events ORDER BY position")
    assert [(row["position"], row["key"], row["kind"]) for row in rows] == [
        (1, "a", "MATERIALIZATION"),
        (2, "b", "OBSERVATION"),
    ]
    assert {row["tick_id"] for row in rows} == {tick.id}


async def test_a_skip_that_tells_of_assets_is_a_tick_of_its_own(stage: Stage, holder: Holder) -> None:
    sensor_id = await one(stage)
    told = Evaluation(asset_events=(AssetEvent(AssetEventKind.OBSERVATION, ("a",)),), skip_reason="Only told.")
    for _ in range(3):
        await holder.recorded(sensor_id, told)
    assert [tick["number"] for tick in await stage.ticks(sensor_id)] == [1, 2, 3]
    assert len(await stage.rows("SELECT key FROM asset_events")) == 3


async def test_stale_assets_only_is_judged_when_the_tick_is_committed(stage: Stage, holder: Holder) -> None:
    """A5.6: what is fresh by then is left out, and a request of which nothing is left launches nothing."""
    sensor_id = await one(stage)
    specs = (AssetSpec(("a",), op_name="a"), AssetSpec(("b",), deps=(("a",),), op_name="b"))
    async with stage.database.writing() as connection:
        for spec in specs:
            values = {"key": spec.key[0], "spec": msgspec.json.encode(spec).decode()}
            await connection.execute(
                text(
                    "INSERT INTO asset_definitions (code_location, key, loaded, spec) "
                    "VALUES ('here', :key, true, CAST(:spec AS jsonb))"
                ),
                values,
            )
    request = RequestedRun("load", "k", asset_selection=(("a",), ("b",)), stale_assets_only=True)
    materialized = Evaluation(
        asset_events=tuple(AssetEvent(AssetEventKind.MATERIALIZATION, (key,)) for key in "ab"), skip_reason="Told."
    )
    await holder.recorded(sensor_id, materialized)
    await holder.recorded(sensor_id, Evaluation((request,)))
    tick = (await stage.ticks(sensor_id))[-1]
    assert (tick["status"], tick["skip_reason"]) == ("SKIPPED", "No asset of 1 run request is stale.")
    assert (await stage.row("SELECT outcome, run_id FROM run_requests"))["outcome"] == "FRESH"
    newer = Evaluation(asset_events=(AssetEvent(AssetEventKind.MATERIALIZATION, ("a",)),), skip_reason="Told.")
    await holder.recorded(sensor_id, newer)
    # Its run key was not spent by the request that launched nothing.
    await holder.recorded(sensor_id, Evaluation((request,)))
    run = await stage.row("SELECT run_key, asset_selection FROM runs")
    assert (run["run_key"], json.loads(run["asset_selection"])) == ("k", [["b"]])
