"""Dynamic partitions that ticks change and rely on: all with the tick or not at all."""

import asyncio
import json
from typing import Any

import pytest

from integration.evaluator.stage import Row, Stage
from integration.evaluator.test_recording import Holder, one, take_all
from vedette.domain.catalog import SensorSpec
from vedette.domain.partitions import DynamicKey, PartitionChange, PartitionChangeKind
from vedette.domain.ticks import Evaluation, RequestedRun, TickCause
from vedette.storage.database import Database

ADD, DELETE = PartitionChangeKind.ADD, PartitionChangeKind.DELETE


@pytest.fixture
def stage(database: Database) -> Stage:
    return Stage(database)


@pytest.fixture
async def holder(stage: Stage) -> Holder:
    return await take_all(stage)


def adds(*keys: str, definition: str = "images") -> PartitionChange:
    return PartitionChange(ADD, definition, keys)


def deletes(*keys: str, definition: str = "images") -> PartitionChange:
    return PartitionChange(DELETE, definition, keys)


def changes(*changes: PartitionChange, needs: str | None = None, **more: Any) -> Evaluation:
    requests = () if needs is None else (requested(needs),)
    return Evaluation(requests, skip_reason=None if needs else "Changed.", partition_changes=changes, **more)


def requested(key: str, run_key: str | None = None) -> RequestedRun:
    return RequestedRun("load", run_key, partition_key=key, needed_keys=(DynamicKey("images", key),))


async def keys(stage: Stage, definition: str = "images") -> list[str]:
    rows = await stage.rows(
        "SELECT key FROM dynamic_partitions WHERE definition = :name ORDER BY position", name=definition
    )
    return [row["key"] for row in rows]


async def told(stage: Stage, tick: Row) -> Any:
    row = await stage.row("SELECT partition_changes FROM ticks WHERE id = :id", id=tick["id"])
    return row["partition_changes"] and json.loads(row["partition_changes"])


async def test_keys_are_added_and_deleted_with_the_tick_and_it_tells_which(stage: Stage, holder: Holder) -> None:
    sensor_id = await one(stage)
    await holder.recorded(sensor_id, changes(adds("b", "a", "c")))
    await holder.recorded(sensor_id, changes(adds("d", "a"), deletes("b", "z"), adds("k", definition="others")))
    assert await keys(stage) == ["a", "c", "d"]
    assert await keys(stage, "others") == ["k"]
    first, second = await stage.ticks(sensor_id)
    assert first["status"] == "SKIPPED"
    assert await told(stage, first) == [{"kind": "ADD", "definition": "images", "keys": ["b", "a", "c"]}]
    assert await told(stage, second) == [
        {"kind": "ADD", "definition": "images", "keys": ["d"], "skipped": ["a"]},
        {"kind": "DELETE", "definition": "images", "keys": ["b"], "skipped": ["z"]},
        {"kind": "ADD", "definition": "others", "keys": ["k"]},
    ]
    counts = await stage.rows("SELECT name, key_count FROM dynamic_partitions_definitions ORDER BY name")
    assert [tuple(row.values()) for row in counts] == [("images", 3), ("others", 1)]


async def test_a_run_may_be_for_a_key_that_its_own_tick_adds(stage: Stage, holder: Holder) -> None:
    sensor_id = await one(stage)
    await holder.recorded(sensor_id, changes(adds("a"), needs="a"))
    [tick] = await stage.ticks(sensor_id)
    assert tick["status"] == "SUCCESS"
    assert (await stage.row("SELECT partition_key FROM runs"))["partition_key"] == "a"


async def test_nothing_stays_of_a_tick_whose_run_is_for_no_partition(stage: Stage, holder: Holder) -> None:
    sensor_id = await one(stage)
    await holder.recorded(sensor_id, changes(adds("a")))
    evaluation = Evaluation(
        (requested("a"), requested("b", "k")),
        partition_changes=(deletes("a"), adds("c")),
        cursor_set=True,
        cursor="later",
    )
    await holder.recorded(sensor_id, evaluation)
    _, failed = await stage.ticks(sensor_id)
    assert failed["status"] == "FAILURE"
    error = json.loads(failed["error"])
    assert error["type"] == "UnknownPartition"
    assert (
        'run request 1: there is no partition "a" of the dynamic partitions "images"; run request 2 (run_key "k"): '
        'there is no partition "b"' in error["message"]
    )
    assert await told(stage, failed) is None
    assert await keys(stage) == ["a"]
    assert await stage.rows("SELECT id FROM runs") == []
    assert await stage.rows("SELECT * FROM run_keys") == []
    assert (await stage.sensor(sensor_id))["cursor"] is None


async def test_one_bad_tick_of_a_batch_fails_alone(stage: Stage, holder: Holder) -> None:
    ids = await stage.add(*(SensorSpec(name) for name in ("good", "bad", "other")))
    evaluations = [changes(adds("a"), needs="a"), changes(adds("b"), needs="nowhere"), changes(adds("c"))]
    await holder.record(*[await holder.tick(one, made) for one, made in zip(ids, evaluations, strict=True)])
    statuses = [(await stage.ticks(sensor_id))[0]["status"] for sensor_id in ids]
    assert statuses == ["SUCCESS", "FAILURE", "SKIPPED"]
    assert sorted(await keys(stage)) == ["a", "c"]


async def test_a_stopped_sensor_changes_nothing(stage: Stage, holder: Holder) -> None:
    sensor_id = await one(stage)
    tick = await holder.tick(sensor_id, changes(adds("a")))
    await stage.stop(sensor_id)
    await holder.record(tick)
    assert await keys(stage) == []


async def test_a_tick_that_is_recorded_twice_changes_once(stage: Stage, holder: Holder) -> None:
    sensor_id = await one(stage)
    tick = await holder.tick(sensor_id, changes(adds("a")))
    await holder.record(tick)
    await stage.execute("DELETE FROM dynamic_partitions")
    await holder.record(tick)
    assert await keys(stage) == []


async def test_a_tick_that_shows_as_started_tells_its_changes_at_its_end(stage: Stage, holder: Holder) -> None:
    sensor_id = await one(stage)
    ended = await holder.tick(sensor_id, changes(adds("a"), needs="a"), TickCause.MANUAL)
    await holder.record(
        type(ended)(**{name: getattr(ended, name) for name in ended.__struct_fields__} | {"evaluation": None})
    )
    await holder.record(ended)
    [tick] = await stage.ticks(sensor_id)
    assert (tick["status"], await told(stage, tick)) == (
        "SUCCESS", [{"kind": "ADD", "definition": "images", "keys": ["a"]}]
    )  # fmt: skip


async def test_a_skip_that_changed_partitions_is_never_folded(stage: Stage, holder: Holder) -> None:
    sensor_id = await one(stage)
    for evaluation in (changes(adds("a")), changes(), changes(), changes(adds("b"))):
        await holder.recorded(sensor_id, evaluation)
    repeats = [tick["repeats"] for tick in await stage.ticks(sensor_id)]
    assert repeats == [0, 1, 0]
    assert await keys(stage) == ["a", "b"]


async def test_a_key_that_comes_again_comes_last(stage: Stage, holder: Holder) -> None:
    sensor_id = await one(stage)
    for evaluation in (changes(adds("a", "b")), changes(deletes("a")), changes(adds("c")), changes(adds("a"))):
        await holder.recorded(sensor_id, evaluation)
    assert await keys(stage) == ["b", "c", "a"]


async def test_many_who_add_the_same_keys_at_once_add_each_once(stage: Stage, holder: Holder) -> None:
    ids = await stage.add(*(SensorSpec(f"s{number}") for number in range(8)))
    ticks = [
        await holder.tick(sensor_id, changes(adds(*names), adds(*names, definition="others")))
        for sensor_id, names in zip(ids, [("a", "b", "c"), ("c", "b", "a")] * 4, strict=True)
    ]
    await asyncio.gather(*(holder.record(tick) for tick in ticks))
    assert sorted(await keys(stage)) == sorted(await keys(stage, "others")) == ["a", "b", "c"]
    added = [len(change["keys"]) for sensor_id in ids for tick in await stage.ticks(sensor_id)
        for change in await told(stage, tick)]  # fmt: skip
    assert sum(added) == 6


async def test_whoever_relies_on_a_key_and_whoever_deletes_it_agree(stage: Stage, holder: Holder) -> None:
    """A run is launched for a key that is deleted after, or the tick fails: never a run for a key deleted before."""
    ids = await stage.add(SensorSpec("relies"), SensorSpec("deletes"))
    for _ in range(5):
        await holder.recorded(ids[1], changes(adds("a")))
        relying = await holder.tick(ids[0], changes(needs="a"))
        deleting = await holder.tick(ids[1], changes(deletes("a")))
        await asyncio.gather(holder.record(deleting), holder.record(relying))
        assert await keys(stage) == []
    statuses = {tick["status"] for tick in await stage.ticks(ids[0])}
    assert statuses <= {"SUCCESS", "FAILURE"}


async def test_as_many_keys_as_a_tick_may_change(stage: Stage, holder: Holder) -> None:
    sensor_id = await one(stage)
    many = [f"{number:05}" for number in range(25_000)]
    await holder.recorded(sensor_id, changes(adds(*many)))
    assert await keys(stage) == many
    await holder.recorded(sensor_id, changes(deletes(*many)))
    assert await keys(stage) == []
