"""Sensors that watch several assets together, as authors define, call and test them."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette import (
    AssetKey,
    AssetMaterialization,
    AssetSelection,
    DailyPartitionsDefinition,
    DefinitionError,
    Definitions,
    DynamicPartitionsDefinition,
    EventLogRecord,
    InvalidResult,
    InvocationError,
    MultiAssetSensorDefinition,
    MultiAssetSensorEvaluationContext,
    RunRequest,
    SensorResult,
    SkipReason,
    StaticPartitionsDefinition,
    WeeklyPartitionsDefinition,
    asset,
    build_multi_asset_sensor_context,
    build_sensor_context,
    job,
    multi_asset_sensor,
    op,
)
from vedette.domain.catalog import SensorKind
from vedette.domain.watched_assets import MOST_UNCONSUMED

A, B = AssetKey("a"), AssetKey("b")
LETTERS = StaticPartitionsDefinition(list("pqrstuvwxyz"))


@op
def nothing() -> None: ...


@job
def report() -> None:
    nothing()


@asset(partitions_def=LETTERS)
def letters() -> None: ...


@asset(partitions_def=LETTERS, deps=[letters])
def doubled() -> None: ...


@asset(partitions_def=DailyPartitionsDefinition("2026-01-01", end_date="2026-01-29"))
def daily() -> None: ...


@asset(partitions_def=WeeklyPartitionsDefinition("2026-01-01", end_date="2026-01-29"), deps=[daily])
def weekly() -> None: ...


@asset
def plain() -> None: ...


@asset(partitions_def=DynamicPartitionsDefinition(name="customers"))
def dynamic() -> None: ...


DEFINITIONS = Definitions(assets=[letters, doubled, daily, weekly, plain, dynamic])
L = AssetKey("letters")


def made(key: AssetKey, *partitions: str | None) -> list[AssetMaterialization]:
    return [AssetMaterialization(key, partition=partition) for partition in partitions]


def context_of(
    *materializations: AssetMaterialization, keys: Sequence[AssetKey] = (A, B), cursor: str | None = None
) -> MultiAssetSensorEvaluationContext:
    return build_multi_asset_sensor_context(
        monitored_assets=keys, materializations=materializations, cursor=cursor, definitions=DEFINITIONS
    )


def ids(records: Any) -> Any:
    if isinstance(records, dict):
        return {key: one if one is None else one.storage_id for key, one in records.items()}
    return [one.storage_id for one in records]


def test_a_multi_asset_sensor_tells_what_it_watches() -> None:
    @multi_asset_sensor([A, "lake/b"], job=report, minimum_interval_seconds=5)
    def both(context: Any) -> None:
        """Follow."""

    @multi_asset_sensor(AssetSelection.keys("daily") | AssetSelection.assets(weekly), request_assets=[doubled])
    def selected(context: Any) -> None: ...

    assert (both.name, both.kind, both.description) == ("both", SensorKind.MULTI_ASSET, "Follow.")
    definitions = Definitions(assets=[daily, weekly, letters, doubled], sensors=[both, selected])
    specs = {spec.name: spec for spec in definitions.catalog().sensors}
    assert specs["both"].watched_assets == (("a",), ("lake", "b"))
    assert specs["selected"].watched_assets == (("daily",), ("weekly",))
    assert specs["selected"].asset_keys == (("doubled",),)


def test_wrong_definitions_are_refused_with_what_and_remedy() -> None:
    with pytest.raises(DefinitionError, match='monitored_assets of sensor "x" is a list of asset keys'):
        multi_asset_sensor("a", name="x")(lambda context: None)
    with pytest.raises(DefinitionError, match="name at least one"):
        multi_asset_sensor([], name="x")(lambda context: None)
    with pytest.raises(DefinitionError, match="asset_materialization_fn"):
        MultiAssetSensorDefinition("x", [A])
    nowhere = multi_asset_sensor(AssetSelection.groups("nowhere"), name="x")(lambda context: None)
    with pytest.raises(DefinitionError, match='sensor "x"'):
        Definitions(assets=[plain], sensors=[nowhere])


def test_the_context_tells_what_is_new_of_each_asset() -> None:
    context = context_of(*made(A, None, None), *made(B, None), *made(A, None))
    assert context.asset_keys == [A, B]
    assert ids(context.latest_materialization_records_by_key()) == {A: 4, B: 3}
    assert ids(context.latest_materialization_records_by_key([B])) == {B: 3}
    assert ids(context.materialization_records_for_key(A)) == [1, 2, 4]
    assert ids(context.materialization_records_for_key(A, limit=2)) == [1, 2]
    with pytest.raises(InvocationError, match='The asset "c" is none of those that the sensor watches'):
        context.materialization_records_for_key("c")


def after(context: MultiAssetSensorEvaluationContext, *materializations: AssetMaterialization) -> Any:
    """The next evaluation, with the cursor that this one leaves."""
    context.adopt("x")
    context.conclude(requested=False)
    return context_of(*materializations, keys=context.asset_keys, cursor=context.cursor)


def test_what_is_consumed_is_new_no_more_and_the_cursor_has_upstreams_form() -> None:
    events = [*made(A, None, None), *made(B, None)]
    context = context_of(*events)
    context.advance_cursor({A: context.materialization_records_for_key(A)[0], B: None})
    after_one = after(context, *events)
    assert json.loads(after_one.cursor) == {"AssetKey(['a'])": [None, 1, {}], "AssetKey(['b'])": [None, None, {}]}
    assert ids(after_one.latest_materialization_records_by_key()) == {A: 2, B: 3}
    after_one.advance_all_cursors()
    after_all = after(after_one, *events)
    assert ids(after_all.latest_materialization_records_by_key()) == {A: None, B: None}
    assert after_all.materialization_records_for_key(A) == []


def test_partitions_that_were_passed_over_are_remembered_until_they_are_consumed() -> None:
    events = made(L, "p", "q", "p", "r")
    context = context_of(*events, keys=[L])
    assert ids(context.latest_materialization_records_by_partition(L)) == {"q": 2, "p": 3, "r": 4}
    context.advance_cursor({L: context.latest_materialization_records_by_partition(L)["r"]})
    second = after(context, *events)
    assert second.get_cursor_partition(L) == "r"
    assert ids(second.get_trailing_unconsumed_events(L)) == [2, 3]
    assert ids(second.latest_materialization_records_by_partition(L)) == {"q": 2, "p": 3}
    assert ids(second.latest_materialization_records_by_key()) == {L: None}
    second.advance_cursor({L: second.get_trailing_unconsumed_events(L)[0]})
    third = after(second, *events)
    assert (third.get_cursor_partition(L), ids(third.get_trailing_unconsumed_events(L))) == ("r", [3])
    third.advance_all_cursors()
    assert after(third, *events).get_trailing_unconsumed_events(L) == []


def test_only_partitions_after_the_one_of_the_cursor_may_be_asked_for() -> None:
    events = made(L, "s", "p", "t")
    context = context_of(*events, keys=[L])
    context.advance_cursor({L: context.materialization_records_for_key(L, 1)[0]})
    then = after(context, *events)
    assert ids(then.latest_materialization_records_by_partition(L, after_cursor_partition=True)) == {"t": 3}


def test_too_many_partitions_passed_over_are_refused() -> None:
    dynamic_key = AssetKey("dynamic")
    events = made(dynamic_key, *(str(number) for number in range(MOST_UNCONSUMED + 2)))
    context = context_of(*events, keys=[dynamic_key])
    context.adopt("x")
    context.advance_cursor({dynamic_key: context.materialization_records_for_key(dynamic_key)[-1]})
    with pytest.raises(InvalidResult, match=r"25 partitions of .* would stay unconsumed, and a cursor remembers 24"):
        context.conclude(requested=True)


def test_partitions_are_told_of_all_assets_together() -> None:
    events = [*made(L, "p"), *made(AssetKey("doubled"), "p", "q"), *made(L, "no such partition")]
    context = context_of(*events, keys=[L, AssetKey("doubled")])
    found = context.latest_materialization_records_by_partition_and_asset()
    assert {partition: ids(by_asset) for partition, by_asset in found.items()} == {
        "p": {L: 1, AssetKey("doubled"): 2},
        "q": {AssetKey("doubled"): 3},
    }
    with pytest.raises(InvocationError, match="all assets must have the same"):
        context_of(keys=[L, AssetKey("daily")]).latest_materialization_records_by_partition_and_asset()


def test_all_partitions_count_as_made_whether_consumed_or_not() -> None:
    events = made(L, *"pqrstuvwxy")
    context = context_of(*events, keys=[L])
    assert context.all_partitions_materialized(L, ["p", "q"])
    assert not context.all_partitions_materialized(L)
    context.advance_all_cursors()
    assert after(context, *events, *made(L, "z")).all_partitions_materialized(L)
    with pytest.raises(InvocationError, match="at least one partition"):
        context.all_partitions_materialized(L, [])
    with pytest.raises(InvocationError, match='The asset "plain" is not partitioned'):
        context_of(keys=[AssetKey("plain")]).all_partitions_materialized("plain")


def test_partitions_lead_downstream_by_the_mapping() -> None:
    context = context_of(keys=[L])
    assert context.get_downstream_partition_keys("p", L, AssetKey("doubled")) == ["p"]
    assert context.get_downstream_partition_keys("2026-01-13", AssetKey("daily"), AssetKey("weekly")) == ["2026-01-11"]
    with pytest.raises(InvocationError, match='The asset "plain" is not partitioned'):
        context.get_downstream_partition_keys("p", L, AssetKey("plain"))
    with pytest.raises(InvocationError, match='The asset "nowhere" is not partitioned'):
        context.get_downstream_partition_keys("p", L, AssetKey("nowhere"))
    assert context.assets_defs_by_key == {L: letters}


@multi_asset_sensor([A, B], job=report)
def both(context: MultiAssetSensorEvaluationContext) -> Any:
    records = context.latest_materialization_records_by_key()
    if not all(records.values()):
        return SkipReason("Waiting.")
    context.advance_cursor(records)
    return RunRequest()


def test_it_is_called_in_a_test_and_its_cursor_follows() -> None:
    waiting = context_of(*made(A, None))
    assert both(waiting) == SkipReason("Waiting.")
    assert waiting.cursor is None
    ready = context_of(*made(A, None), *made(B, None))
    assert both(context=ready) == RunRequest()
    assert json.loads(ready.cursor or "") == {"AssetKey(['a'])": [None, 1, {}], "AssetKey(['b'])": [None, 2, {}]}
    evaluation = both.evaluate_tick(context_of(*made(A, None), *made(B, None)))
    assert (len(evaluation.run_requests), evaluation.cursor) == (1, ready.cursor)
    with pytest.raises(InvocationError, match="build_multi_asset_sensor_context"):
        both.evaluate_tick(build_sensor_context())


def _generator(context: Any) -> Any:
    yield RunRequest()
    context.advance_all_cursors()


async def _coroutine(context: Any) -> Any:
    context.advance_all_cursors()
    return [RunRequest()]


async def _async_generator(context: Any) -> Any:
    context.advance_all_cursors()
    yield RunRequest()


@pytest.mark.parametrize("function", [_generator, _coroutine, _async_generator])
def test_every_kind_of_function_moves_the_cursor(function: Any) -> None:
    sensor = multi_asset_sensor([A], job=report)(function)
    told = made(A, None)
    evaluated = sensor.evaluate_tick(context_of(*told, keys=[A]))
    assert (evaluated.error, len(evaluated.run_requests)) == (None, 1)
    context = context_of(*told, keys=[A])
    result = sensor(context)
    if hasattr(result, "__aiter__"):

        async def drained() -> list[Any]:
            return [item async for item in result]

        result = asyncio.run(drained())
    elif hasattr(result, "__await__"):
        result = asyncio.run(_await(result))
    assert list(result) == [RunRequest()]
    assert context.cursor == evaluated.cursor == """{"AssetKey(['a'])":[null,1,{}]}"""


async def _await(awaitable: Any) -> Any:
    return await awaitable


@pytest.mark.parametrize("answer", [RunRequest(), [RunRequest()], SensorResult(run_requests=[RunRequest()])])
def test_one_that_asks_for_runs_must_consume_something(answer: Any) -> None:
    sensor = multi_asset_sensor([A], job=report, name="greedy")(lambda context: answer)
    error = sensor.evaluate_tick(context_of(*made(A, None), keys=[A])).error
    assert error is not None
    assert 'Sensor "greedy" asked for runs and consumed nothing' in error.message
    assert "context.advance_cursor()" in error.message
    with pytest.raises(InvalidResult, match="consumed nothing"):
        sensor(context_of(keys=[A]))


def test_its_cursor_is_not_to_be_set_otherwise() -> None:
    sets = multi_asset_sensor([A], name="x")(lambda context: SensorResult(cursor="1"))
    updates = multi_asset_sensor([A], name="x")(lambda context: context.update_cursor("1"))
    for sensor in (sets, updates):
        error = sensor.evaluate_tick(context_of(keys=[A])).error
        assert error is not None
        assert "consumed" in error.message


def test_a_context_for_a_test_may_begin_with_all_that_happened_consumed() -> None:
    context = build_multi_asset_sensor_context(
        monitored_assets=AssetSelection.keys("letters"),
        materializations=made(L, "p", "q"),
        cursor_from_latest_materializations=True,
        definitions=DEFINITIONS,
    )
    assert ids(context.latest_materialization_records_by_key()) == {L: None}
    assert context.get_cursor_partition(L) == "q"
    with pytest.raises(InvocationError, match="one of the two"):
        build_multi_asset_sensor_context(monitored_assets=[A], cursor="{}", cursor_from_latest_materializations=True)
    with pytest.raises(InvocationError, match="needs definitions="):
        build_multi_asset_sensor_context(monitored_assets=AssetSelection.all())
    with pytest.raises(InvocationError, match="no cursor of a multi-asset sensor"):
        context_of(cursor="7")


def test_records_of_other_things_are_refused() -> None:
    context = context_of(keys=[A])
    with pytest.raises(InvocationError, match="advance_cursor takes records"):
        context.advance_cursor({A: 3})  # type: ignore[dict-item]  # what is refused
    with pytest.raises(InvocationError, match='The asset "b" is none'):
        context.advance_cursor({B: None})


@given(st.data())
def test_what_is_consumed_is_never_told_again_and_what_is_not_always(data: st.DataObject) -> None:
    """Whatever an author consumes, the last event of each partition is told until it is consumed."""
    events: list[AssetMaterialization] = []
    cursor: str | None = None
    open_: dict[str, int] = {}
    for _ in range(data.draw(st.integers(1, 5))):
        for partition in data.draw(st.lists(st.sampled_from("pqrst"), max_size=6)):
            events += made(L, partition)
            open_[partition] = len(events)
        context = context_of(*events, keys=[L], cursor=cursor)
        context.adopt("x")
        told = context.latest_materialization_records_by_partition(L)
        assert ids(told) == open_
        assert list(ids(told).values()) == sorted(open_.values())
        for partition in data.draw(st.sets(st.sampled_from(sorted(told)))) if told else ():
            record: EventLogRecord = told[partition]
            context.advance_cursor({L: record})
            del open_[partition]
        context.conclude(requested=False)
        cursor = context.cursor
