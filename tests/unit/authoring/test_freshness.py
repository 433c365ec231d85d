"""How fresh assets are to be: policies, the sensors that look at them, and checks."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette import (
    AssetCheckSeverity,
    AssetKey,
    AssetSelection,
    DailyPartitionsDefinition,
    DefinitionError,
    Definitions,
    FreshnessPolicy,
    FreshnessPolicySensorContext,
    InvalidResult,
    SourceAsset,
    asset,
    build_freshness_policy_sensor_context,
    build_last_update_freshness_checks,
    build_sensor_for_freshness_checks,
    build_time_partition_freshness_checks,
    freshness_policy_sensor,
)
from vedette.authoring.freshness.standing import Standing
from vedette.domain.assets import AssetEvent, AssetEventKind, AssetEventRecord
from vedette.domain.catalog import SensorKind
from vedette.domain.ids import new_id
from vedette.domain.ticks import Evaluation, EvaluationInstruction
from vedette.domain.watched_assets import WatchedAsset
from vedette.execution.evaluation import Call

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
HOURLY = FreshnessPolicy(maximum_lag_minutes=60)


@asset(freshness_policy=HOURLY)
def orders() -> None: ...


@asset(freshness_policy=FreshnessPolicy(maximum_lag_minutes=30, cron_schedule="0 9 * * *"))
def report() -> None: ...


@asset
def plain() -> None: ...


@asset(partitions_def=DailyPartitionsDefinition("2026-01-01"))
def daily() -> None: ...


def ago(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


@pytest.mark.parametrize(("updated", "overdue"), [(None, None), (0, 0.0), (60, 0.0), (61, 1.0), (180, 120.0)])
def test_a_policy_counts_from_the_last_update(updated: float | None, overdue: float | None) -> None:
    assert HOURLY.minutes_overdue(None if updated is None else ago(updated), NOW) == overdue


@pytest.mark.parametrize(("updated", "overdue"), [(10, 0.0), (60, 0.0), (75, 15.0), (24 * 60, 23 * 60.0)])
def test_a_policy_with_a_schedule_counts_from_before_its_last_tick(updated: float, overdue: float) -> None:
    policy = FreshnessPolicy(maximum_lag_minutes=30, cron_schedule="0 9 * * *")
    assert policy.minutes_overdue(ago(updated), NOW) == overdue


@given(
    st.integers(0, 330 * 86400),
    st.integers(0, 10_000),
    st.sampled_from([None, "0 9 * * *", "*/7 * * * *"]),
)
def test_an_asset_is_never_less_late_for_being_older(second: int, lag: int, cron: str | None) -> None:
    policy = FreshnessPolicy(maximum_lag_minutes=lag, cron_schedule=cron)
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=second)
    late = [policy.minutes_overdue(now - timedelta(minutes=age), now) for age in (0, 1, 60, 5000, 20_000)]
    assert late == sorted(late)  # type: ignore[type-var]  # none is None where it was updated
    assert late[0] == 0


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"maximum_lag_minutes": -1}, "maximum_lag_minutes of a FreshnessPolicy is 0 or more minutes"),
        ({"maximum_lag_minutes": "1"}, "0 or more minutes"),
        ({"maximum_lag_minutes": 1, "cron_schedule": "often"}, "five fields of cron"),
        ({"maximum_lag_minutes": 1, "cron_schedule_timezone": "UTC"}, "needs a cron_schedule"),
        ({"maximum_lag_minutes": 1, "cron_schedule": "0 9 * * *", "cron_schedule_timezone": "Mars"}, "no time zone"),
    ],
)
def test_wrong_policies_are_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(DefinitionError, match=said):
        FreshnessPolicy(**wrong)


def test_where_there_is_no_policy_there_is_nothing_to_look_at() -> None:
    sensor = freshness_policy_sensor([plain], name="late")(lambda context: None)
    with pytest.raises(DefinitionError, match=r"No asset that sensor .* has a freshness policy"):
        Definitions(assets=[plain], sensors=[sensor])
    with pytest.raises(DefinitionError, match="freshness_policy of asset"):
        SourceAsset("x", freshness_policy=60)  # type: ignore[arg-type]  # what is refused


def a_record(key: AssetKey, at: datetime) -> AssetEventRecord:
    return AssetEventRecord(1, at, AssetEvent(AssetEventKind.MATERIALIZATION, key.parts))


class Ticker:
    """A sensor from tick to tick, as a host evaluates it, with what it is told of its assets."""

    def __init__(self, definitions: Definitions) -> None:
        [self.sensor] = definitions.catalog().sensors
        self.definitions = definitions
        self.cursor: str | None = None

    def tick(self, minutes: dict[str, float | None], partitions: tuple[str, ...] = ()) -> Evaluation:
        now = datetime.now(UTC)
        watched = [
            WatchedAsset(
                key,
                None if (age := minutes[key[0]]) is None else a_record(AssetKey(key), now - timedelta(minutes=age)),
                partitions=partitions,
            )
            for key in self.sensor.watched_assets
        ]
        instruction = EvaluationInstruction(
            new_id(), self.sensor.name, 60.0, cursor=self.cursor, watched=tuple(watched)
        )
        call = Call(self.definitions, instruction, lambda: None, lambda line: None)
        evaluation = call.in_thread(lambda awaitable: None)
        assert evaluation is not None
        if evaluation.cursor_set and evaluation.error is None:
            self.cursor = evaluation.cursor
        return evaluation


def test_a_policy_sensor_is_called_for_each_asset_with_how_late_it_is_and_was() -> None:
    calls: list[tuple[str, float | None, float | None]] = []

    @freshness_policy_sensor(AssetSelection.all(), minimum_interval_seconds=5)
    def late(context: FreshnessPolicySensorContext) -> None:
        """Tell."""
        was = context.previous_minutes_overdue
        overdue = context.minutes_overdue
        calls.append(
            (context.asset_key.to_user_string(), None if overdue is None else round(overdue), was and round(was))
        )
        context.log.info("looked at %s", context.asset_key.to_user_string())

    ticker = Ticker(Definitions(assets=[orders, report, plain], sensors=[late]))
    assert (ticker.sensor.kind, ticker.sensor.watched_assets) == (SensorKind.FRESHNESS, (("orders",), ("report",)))
    first = ticker.tick({"orders": 70.0, "report": 0.0})
    assert calls == [("orders", 10, None), ("report", 0, None)]
    assert (first.skip_reason, first.run_requests) == ("2 assets looked at, orders overdue.", ())
    assert [line.message for line in first.logs] == ["looked at orders", "looked at report"]
    ticker.tick({"orders": 0.0, "report": None})
    assert calls[2:] == [("orders", 0, 10), ("report", None, 0)]


def _returns(context: Any) -> Any:
    return 1


def _yields(context: Any) -> Iterator[int]:
    yield 1


@pytest.mark.parametrize("function", [_returns, _yields])
def test_a_policy_sensor_returns_nothing(function: Any) -> None:
    definitions = Definitions(assets=[orders], sensors=[freshness_policy_sensor([orders])(function)])
    error = Ticker(definitions).tick({"orders": 0.0}).error
    assert error is not None
    assert "returns and yields nothing" in error.message


def test_every_asset_has_its_turn_whatever_the_function_raises_for_another() -> None:
    called: list[str] = []

    @freshness_policy_sensor([orders, report])
    def raises(context: FreshnessPolicySensorContext) -> None:
        called.append(context.asset_key.to_user_string())
        if len(called) == 1:
            raise ValueError("oh")

    error = Ticker(Definitions(assets=[orders, report], sensors=[raises])).tick({"orders": 0.0, "report": 0.0}).error
    assert called == ["orders", "report"]
    assert error is not None
    assert (error.type, error.message) == ("ValueError", "oh")


def test_a_policy_sensor_is_called_in_a_test_with_a_context_that_is_built() -> None:
    @freshness_policy_sensor([orders])
    def late(context: FreshnessPolicySensorContext, channel: Any = None) -> None:
        told.append((context.sensor_name, context.asset_key, context.minutes_overdue, context.previous_minutes_overdue))
        with pytest.raises(InvalidResult, match="kept by it"):
            context.update_cursor("x")

    told: list[Any] = []
    late(build_freshness_policy_sensor_context("late", "orders", HOURLY, 3.0, 1.0))
    assert told == [("late", AssetKey("orders"), 3.0, 1.0)]


def stands(minutes: float | None, *partitions: str) -> Standing:
    return Standing(None if minutes is None else ago(minutes), frozenset(partitions))


@pytest.mark.parametrize(
    ("cron", "updated", "passed"),
    [(None, 59, True), (None, 61, False), (None, None, False), ("0 9 * * *", 89, True), ("0 9 * * *", 91, False)],
)
def test_a_check_of_the_last_update(cron: str | None, updated: float | None, passed: bool) -> None:
    [check] = build_last_update_freshness_checks(
        assets=[plain], lower_bound_delta=timedelta(hours=1), deadline_cron=cron
    )
    result = check.rule.result(stands(updated), NOW)
    assert (result.passed, result.severity) == (passed, AssetCheckSeverity.WARN)
    assert ("vedette/fresh_until_timestamp" in result.metadata) is passed
    if updated is None:
        assert result.description == "The asset was never materialized or observed."


@pytest.mark.parametrize(("partitions", "passed"), [(["2026-03-01"], True), (["2026-02-28"], False), ([], False)])
def test_a_check_of_the_last_partition(partitions: list[str], passed: bool) -> None:
    [check] = build_time_partition_freshness_checks(assets=[daily], deadline_cron="0 9 * * *")
    result = check.rule.result(stands(1, *partitions), NOW)
    assert result.passed is passed
    assert "2026-03-01" in (result.description or "")
    before_the_deadline = check.rule.result(stands(1, "2026-02-28"), NOW - timedelta(hours=1))
    assert before_the_deadline.passed


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("build", "given", "said"),
    [
        (build_last_update_freshness_checks, {"assets": [plain], "lower_bound_delta": 3}, "a timedelta above 0"),
        (build_last_update_freshness_checks, {"assets": "plain", "lower_bound_delta": HOUR}, "takes a list"),
        (build_last_update_freshness_checks, {"assets": [plain, "plain"], "lower_bound_delta": HOUR}, "twice"),
        (build_time_partition_freshness_checks, {"assets": [plain], "deadline_cron": "0 9 * * *"}, "by time"),
        (build_time_partition_freshness_checks, {"assets": ["daily"], "deadline_cron": "0 9 * * *"}, "its definition"),
        (build_sensor_for_freshness_checks, {"freshness_checks": []}, "freshness_checks of sensor"),
        (build_sensor_for_freshness_checks, {"freshness_checks": [plain]}, "freshness_checks of sensor"),
    ],
)
def test_wrong_checks_are_refused_with_what_and_remedy(build: Any, given: dict[str, Any], said: str) -> None:
    with pytest.raises(DefinitionError, match=said):
        build(**given)


def test_the_sensor_of_checks_tells_each_once_and_when_it_changes() -> None:
    checks = build_last_update_freshness_checks(assets=[plain, orders], lower_bound_delta=timedelta(hours=1))
    sensor = build_sensor_for_freshness_checks(freshness_checks=checks, minimum_interval_seconds=7)
    ticker = Ticker(Definitions(assets=[plain, orders], asset_checks=checks, sensors=[sensor]))
    assert (ticker.sensor.name, ticker.sensor.kind) == ("freshness_checks_sensor", SensorKind.FRESHNESS)
    assert ticker.sensor.minimum_interval_seconds == 7

    def told(plain_minutes: float | None, orders_minutes: float | None) -> list[tuple[str, bool]]:
        evaluation = ticker.tick({"plain": plain_minutes, "orders": orders_minutes})
        assert evaluation.error is None
        assert not evaluation.run_requests
        return [(event.key[0], event.check.passed) for event in evaluation.asset_events if event.check]

    assert told(0, None) == [("plain", True), ("orders", False)]
    assert told(1, None) == []
    assert told(61, 0) == [("plain", False), ("orders", True)]
    assert told(62, 1) == []


def test_a_check_with_a_deadline_is_told_again_after_each() -> None:
    checks = build_last_update_freshness_checks(
        assets=[plain], lower_bound_delta=timedelta(days=400), deadline_cron="0 0 1 1 *"
    )
    sensor = build_sensor_for_freshness_checks(freshness_checks=checks)
    ticker = Ticker(Definitions(assets=[plain], asset_checks=checks, sensors=[sensor]))
    assert len(ticker.tick({"plain": 1.0}).asset_events) == 1
    assert len(ticker.tick({"plain": 1.0}).asset_events) == 0
    # As it was a year ago.
    ticker.cursor = '{"plain:freshness_check": [true, 1735689600.0]}'
    assert len(ticker.tick({"plain": 1.0}).asset_events) == 1
