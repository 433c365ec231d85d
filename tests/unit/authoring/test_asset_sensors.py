"""Sensors that react to materializations, as authors define and test them, and as hosts call them."""

import asyncio
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest

from vedette import (
    AssetKey,
    AssetSensorDefinition,
    ConfigurableResource,
    DefinitionError,
    Definitions,
    EventLogEntry,
    InvocationError,
    RunRequest,
    SensorResult,
    asset_sensor,
    build_sensor_context,
    job,
    op,
)
from vedette.domain.assets import AssetEvent, AssetEventKind, AssetEventRecord
from vedette.domain.catalog import AssetMonitor, SensorKind
from vedette.domain.reactions import ReactionOutcome, SensorEvent
from vedette.domain.ticks import EvaluationInstruction
from vedette.execution.calls import call_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@op
def nothing() -> None: ...


@job
def report() -> None:
    nothing()


def a_record(position: int = 7, partition: str | None = "p") -> AssetEventRecord:
    event = AssetEvent(AssetEventKind.MATERIALIZATION, ("lake", "orders"), partition, metadata={}, tags={"a": "b"})
    return AssetEventRecord(position, NOW, event, run_id=uuid.UUID(int=1))


def test_an_asset_sensor_tells_what_it_watches() -> None:
    @asset_sensor(asset_key=AssetKey(["lake", "orders"]), job=report, max_attempts=2)
    def on_orders(context: Any, asset_event: EventLogEntry) -> None:
        """Follow."""

    assert (on_orders.name, on_orders.kind, on_orders.description) == ("on_orders", SensorKind.ASSET, "Follow.")
    assert on_orders.spec().monitors == AssetMonitor((("lake", "orders"),), 2)
    assert on_orders.job is report


def test_it_is_called_in_a_test_with_a_context_and_an_event() -> None:
    @asset_sensor("lake/orders", job=report)
    def on_orders(context: Any, asset_event: EventLogEntry) -> RunRequest:
        made = asset_event.asset_materialization
        assert made is not None
        return RunRequest(run_key=f"{asset_event.asset_key.to_user_string()}/{made.partition}/{asset_event.storage_id}")

    entry = EventLogEntry(a_record())
    assert on_orders(build_sensor_context(), entry).run_key == "lake/orders/p/7"
    assert (entry.run_id, entry.partition_key, entry.timestamp) == (str(uuid.UUID(int=1)), "p", NOW.timestamp())
    with pytest.raises(InvocationError, match="2 arguments, not 1"):
        on_orders(build_sensor_context())


def test_wrong_definitions_are_refused() -> None:
    with pytest.raises(DefinitionError, match="no more"):
        asset_sensor("a")(lambda a, b, c: None)
    with pytest.raises(DefinitionError, match="asset_materialization_fn"):
        AssetSensorDefinition("x", "a")


@pytest.mark.parametrize("takes", [0, 1, 2])
@pytest.mark.parametrize("kind", ["sync", "async"])
async def test_a_host_calls_it_with_what_it_takes(kind: str, takes: int) -> None:
    seen: list[tuple[Any, ...]] = []

    def note(*given: Any) -> SensorResult:
        seen.append(given)
        return SensorResult(run_requests=[RunRequest(str(len(given)))])

    async def none() -> SensorResult:
        return note()

    async def one(context: Any) -> SensorResult:
        return note(context)

    async def two(context: Any, asset_event: Any) -> SensorResult:
        return note(context, asset_event)

    def sync_none() -> SensorResult:
        return note()

    def sync_one(context: Any) -> SensorResult:
        return note(context)

    def sync_two(context: Any, asset_event: Any) -> SensorResult:
        return note(context, asset_event)

    sync = [sync_none, sync_one, sync_two]
    function = sync[takes] if kind == "sync" else [none, one, two][takes]
    sensor = asset_sensor("lake/orders", name="on_orders", job=report)(function)  # type: ignore[arg-type]  # any of them
    event = SensorEvent(7, "lake/orders", 1, NOW, asset=a_record())
    instruction = EvaluationInstruction(uuid.uuid4(), "on_orders", 5.0, events=(event,))
    call = call_of(Definitions(sensors=[sensor]), instruction, lambda: None, lambda _: None, lambda _, __: None)
    answer = None if call.is_async else await asyncio.to_thread(call.in_thread, lambda _: None)
    if answer is None:
        answer = await asyncio.create_task(call.in_loop(None))
    assert [one.outcome for one in answer.reactions] == [ReactionOutcome.REQUESTED]
    assert [request.run_key for request in answer.run_requests] == [str(takes)]
    if takes > 1:
        assert seen[0][1] == EventLogEntry(a_record())


class Desk(ConfigurableResource):
    name: str


def test_resources_go_to_its_parameters_beside_the_event() -> None:
    @asset_sensor("lake/orders", job=report)
    def on_orders(context: Any, asset_event: EventLogEntry, desk: Desk) -> RunRequest:
        return RunRequest(f"{desk.name}/{asset_event.partition_key}")

    assert on_orders.required_resource_keys == {"desk"}
    entry = EventLogEntry(a_record())
    assert on_orders(build_sensor_context(), entry, desk=Desk(name="a")).run_key == "a/p"
    assert on_orders(build_sensor_context(resources={"desk": Desk(name="b")}), entry).run_key == "b/p"
