"""The evaluator on a real database: what becomes due, begins, ends and is seen."""

import asyncio
import itertools
import secrets
from uuid import UUID

from integration.evaluator.stage import NOTHING_NEW, Row, Stage, evaluating, settings, until
from vedette.bus import Bus
from vedette.bus.topics import SENSORS
from vedette.domain.catalog import SensorSpec, SensorStatus
from vedette.domain.ticks import Evaluation, EvaluationInstruction, RequestedRun
from vedette.storage.database import Database
from vedette.storage.ticks.verdicts import BEAT_SLACK

FAST = SensorSpec("fast", minimum_interval_seconds=0.05)
SLOW = SensorSpec("slow", minimum_interval_seconds=30.0)


async def test_a_quiet_sensor_keeps_one_row(database: Database, bus: Bus) -> None:
    stage = Stage(database)
    [sensor_id] = await stage.add(FAST)
    location = stage.location(FAST)

    async def repeated() -> bool:
        tick = await stage.last_tick(sensor_id)
        return tick is not None and tick["repeats"] >= 10

    async with evaluating(database, bus, location):
        await until(repeated)
    [tick] = await stage.ticks(sensor_id)
    assert (tick["status"], tick["skip_reason"], tick["number"]) == ("SKIPPED", "Nothing new.", 1)
    assert location.at_once == 1


async def test_a_running_sensor_keeps_its_beat_from_start_to_start(database: Database, bus: Bus) -> None:
    stage = Stage(database)
    [sensor_id] = await stage.add(FAST)
    location = stage.location(FAST)

    async def tells(instruction: EvaluationInstruction) -> Evaluation:
        return Evaluation(skip_reason=f"Nothing new in look {len(location.calls['fast'])}.")

    location.code["fast"] = tells

    async def twenty() -> bool:
        return len(await stage.ticks(sensor_id)) >= 20

    async with evaluating(database, bus, location):
        await until(twenty)
    starts = [tick["started_at"].timestamp() for tick in await stage.ticks(sensor_id)]
    interval = FAST.minimum_interval_seconds
    # A start that was late by up to a tenth keeps the beat: the next may follow so much sooner, and the sum of them
    # never gains. The clock of the database is measured anew now and then, to a millisecond or so.
    slack = BEAT_SLACK * interval + 0.002
    assert all(later - earlier >= interval - slack for earlier, later in itertools.pairwise(starts))
    assert starts[-1] - starts[0] >= (len(starts) - 1) * interval - slack


async def test_a_request_becomes_a_run_and_the_cursor_moves(database: Database, bus: Bus) -> None:
    stage = Stage(database)
    [sensor_id] = await stage.add(FAST)
    location = stage.location(FAST)

    async def counts(instruction: EvaluationInstruction) -> Evaluation:
        count = int(instruction.cursor or 0) + 1
        return Evaluation((RequestedRun("load", run_key=str(count)),), cursor_set=True, cursor=str(count))

    location.code["fast"] = counts

    async def ten() -> bool:
        return len(await stage.rows("SELECT id FROM runs")) >= 10

    async with evaluating(database, bus, location):
        await until(ten)
    ticks = await stage.ticks(sensor_id)
    assert {tick["status"] for tick in ticks} == {"SUCCESS"}
    assert [tick["cursor_after"] for tick in ticks] == [str(n) for n in range(1, len(ticks) + 1)]
    history = await stage.rows("SELECT * FROM cursor_changes ORDER BY version")
    assert [(row["version"], row["value"], row["tick_id"]) for row in history] == [
        (tick["number"], tick["cursor_after"], tick["id"]) for tick in ticks
    ]
    runs = await stage.rows("SELECT run_key FROM runs ORDER BY queued_at, id")
    assert [run["run_key"] for run in runs] == [tick["cursor_after"] for tick in ticks]


async def test_a_stopped_sensor_ticks_once_it_is_started_and_not_after_it_is_stopped(
    database: Database, bus: Bus
) -> None:
    stage = Stage(database)
    witness = SensorSpec("witness", minimum_interval_seconds=FAST.minimum_interval_seconds)
    sensor_id, witness_id = await stage.add(FAST, witness, status=SensorStatus.STOPPED)
    location = stage.location(FAST, witness)

    async def called(name: str, times: int) -> bool:
        return len(location.calls[name]) >= times

    # No poll: the knock alone wakes it.
    async with evaluating(database, bus, location, settings(poll_seconds=60)):
        await until(lambda: holds_all(stage))
        assert not location.calls["fast"]
        await stage.start(sensor_id)
        bus.knock(SENSORS)
        await until(lambda: called("fast", 1))
        await stage.stop(sensor_id)
        await stage.start(witness_id)
        bus.knock(SENSORS)
        # Who knows of this start knows of the stop before it; what was in flight then has been recorded since.
        await until(lambda: called("witness", 3))
        count = len(location.calls["fast"])
        await until(lambda: called("witness", 13))
        assert len(location.calls["fast"]) == count


async def holds_all(stage: Stage) -> bool:
    return len(await stage.rows("SELECT name FROM leases WHERE holder IS NOT NULL")) == 16


async def test_a_long_evaluation_shows_as_started_and_ends_in_the_same_tick(database: Database, bus: Bus) -> None:
    stage = Stage(database)
    [sensor_id] = await stage.add(SLOW)
    location = stage.location(SLOW)
    go_on = asyncio.Event()

    async def waits(instruction: EvaluationInstruction) -> Evaluation:
        await go_on.wait()
        return NOTHING_NEW

    location.code["slow"] = waits

    async def status(wanted: str) -> bool:
        tick = await stage.last_tick(sensor_id)
        return tick is not None and tick["status"] == wanted

    async with evaluating(database, bus, location):
        await until(lambda: status("STARTED"))
        [started] = await stage.ticks(sensor_id)
        assert (await stage.sensor(sensor_id))["evaluating_tick_id"] == started["id"]
        go_on.set()
        await until(lambda: status("SKIPPED"))
    [ended] = await stage.ticks(sensor_id)
    assert (ended["id"], ended["number"], ended["started_at"]) == (started["id"], 1, started["started_at"])
    assert (await stage.sensor(sensor_id))["evaluating_tick_id"] is None
    changes = await stage.rows("SELECT position, status FROM tick_changes ORDER BY position")
    assert [(row["position"], row["status"]) for row in changes] == [(1, "STARTED"), (2, "SKIPPED")]
    assert [row["position"] for row in await stage.rows("SELECT * FROM sensor_changes ORDER BY position")] == [1, 2]


async def test_stopping_during_an_evaluation_wins_over_what_it_asks_for(database: Database, bus: Bus) -> None:
    stage = Stage(database)
    [sensor_id] = await stage.add(SLOW)
    location = stage.location(SLOW)
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def asks(instruction: EvaluationInstruction) -> Evaluation:
        begun.set()
        await go_on.wait()
        return Evaluation((RequestedRun("load"),), cursor_set=True, cursor="far")

    location.code["slow"] = asks
    async with evaluating(database, bus, location):
        await begun.wait()
        await stage.stop(sensor_id)
        bus.knock(SENSORS)
        go_on.set()
        tick = await until(lambda: ended(stage, sensor_id))
    assert tick["status"] == "SKIPPED"
    assert "stopped" in tick["skip_reason"]
    assert await stage.rows("SELECT id FROM runs") == []
    assert (await stage.sensor(sensor_id))["cursor"] is None


async def ended(stage: Stage, sensor_id: UUID) -> Row:
    tick = await stage.last_tick(sensor_id)
    return tick if tick is not None and tick["status"] != "STARTED" else {}


async def test_an_edited_cursor_wins_and_the_sensor_is_evaluated_again_at_once_with_it(
    database: Database, bus: Bus
) -> None:
    stage = Stage(database)
    [sensor_id] = await stage.add(SLOW)
    location = stage.location(SLOW)
    begun, go_on = asyncio.Event(), asyncio.Event()
    cursors: list[str | None] = []

    async def asks(instruction: EvaluationInstruction) -> Evaluation:
        cursors.append(instruction.cursor)
        begun.set()
        await go_on.wait()
        return Evaluation((RequestedRun("load"),), cursor_set=True, cursor=f"{instruction.cursor}+")

    location.code["slow"] = asks

    async def both() -> bool:
        return len(await stage.rows("SELECT id FROM ticks WHERE status <> 'STARTED'")) == 2

    async with evaluating(database, bus, location):
        await begun.wait()
        await stage.set_cursor(sensor_id, "edited")
        go_on.set()
        await until(both)
    first, second = await stage.ticks(sensor_id)
    assert (first["status"], first["cursor_before"], first["cursor_after"]) == ("SKIPPED", None, "edited")
    assert "cursor was set" in first["skip_reason"]
    assert (second["status"], second["cursor_before"], second["cursor_after"]) == ("SUCCESS", "edited", "edited+")
    assert cursors == [None, "edited"]
    assert len(await stage.rows("SELECT id FROM runs")) == 1


async def test_a_sensor_whose_code_fails_goes_on_and_counts_its_failures(database: Database, bus: Bus) -> None:
    stage = Stage(database)
    [sensor_id] = await stage.add(FAST)
    location = stage.location(FAST)
    location.lies = 3

    async def four() -> bool:
        return len(await stage.ticks(sensor_id)) == 4

    async with evaluating(database, bus, location):
        await until(four)
    ticks = await stage.ticks(sensor_id)
    assert [tick["status"] for tick in ticks] == ["FAILURE", "FAILURE", "FAILURE", "SKIPPED"]
    assert "the host is a liar" in ticks[0]["error"]
    assert (await stage.sensor(sensor_id))["consecutive_failures"] == 0


async def test_one_poisonous_tick_fails_alone(database: Database, bus: Bus) -> None:
    stage = Stage(database)
    specs = [SensorSpec(f"s{n}", minimum_interval_seconds=60.0) for n in range(20)]
    ids = await stage.add(*specs)
    location = stage.location(*specs)
    all_begun = asyncio.Event()

    async def together(instruction: EvaluationInstruction) -> Evaluation:
        if len(location.calls) == len(specs):
            all_begun.set()
        await all_begun.wait()
        # Longer than an entry of an index can be, and of no order that could be compressed.
        job_name = secrets.token_hex(8000) if instruction.sensor_name == "s7" else "load"
        return Evaluation((RequestedRun(job_name, run_key="k"),))

    for spec in specs:
        location.code[spec.name] = together

    async def all_ended() -> bool:
        return len(await stage.rows("SELECT id FROM ticks WHERE status <> 'STARTED'")) == len(specs)

    async with evaluating(database, bus, location):
        await until(all_ended)
    by_sensor = {row["sensor_id"]: row for row in await stage.rows("SELECT * FROM ticks")}
    poisoned = by_sensor.pop(ids[7])
    assert poisoned["status"] == "FAILURE"
    assert "refused" in poisoned["error"]
    assert "index row" in poisoned["error"]
    assert {row["status"] for row in by_sensor.values()} == {"SUCCESS"}
    assert len(await stage.rows("SELECT id FROM runs")) == len(specs) - 1


async def test_stopping_the_evaluator_records_what_ended_and_leaves_no_started_tick_and_no_lease(
    database: Database, bus: Bus
) -> None:
    stage = Stage(database)
    [sensor_id] = await stage.add(SLOW)
    location = stage.location(SLOW)

    async def hangs(instruction: EvaluationInstruction) -> Evaluation:
        await asyncio.Event().wait()
        raise AssertionError

    location.code["slow"] = hangs

    async def started() -> bool:
        return bool(await stage.ticks(sensor_id))

    async with evaluating(database, bus, location):
        await until(started)
    [tick] = await stage.ticks(sensor_id)
    assert tick["status"] == "FAILURE"
    assert "evaluator was lost" in tick["error"]
    assert await stage.rows("SELECT * FROM leases WHERE holder IS NOT NULL") == []
    assert await stage.rows("SELECT * FROM workers") == []
