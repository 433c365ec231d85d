"""Jobs with partitions: what they may be, what their runs are told, what their ops may ask."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from vedette import (
    Config,
    DailyPartitionsDefinition,
    DefinitionError,
    DynamicPartitionsDefinition,
    InvalidConfig,
    InvalidResult,
    InvocationError,
    MultiPartitionKey,
    MultiPartitionsDefinition,
    OpExecutionContext,
    PartitionedConfig,
    PartitionKeyRange,
    StaticPartitionsDefinition,
    UnknownPartition,
    build_op_context,
    daily_partitioned_config,
    dynamic_partitioned_config,
    hourly_partitioned_config,
    job,
    monthly_partitioned_config,
    op,
    partitioned_config,
    static_partitioned_config,
    weekly_partitioned_config,
)

OCEANS = StaticPartitionsDefinition(["arctic", "atlantic", "indian"])
DAYS = DailyPartitionsDefinition("2026-01-01")


class Told(Config):
    ocean: str = ""


@op
def tell(context: OpExecutionContext, config: Told) -> dict[str, Any]:
    return {
        "key": context.partition_key,
        "tags": dict(context.tags),
        "config": dict(context.run_config),
        "keys": list(context.partition_keys),
    }


@static_partitioned_config(["arctic", "atlantic"], tags_for_partition_key_fn=lambda key: {"length": len(key)})
def by_ocean(partition_key: str) -> dict[str, Any]:
    return {"ops": {"tell": {"config": {"ocean": partition_key}}}}


@job(config=by_ocean)
def oceanic() -> None:
    tell()


def test_a_run_of_a_partition_is_told_its_config_and_tags() -> None:
    told = oceanic.execute_in_process(partition_key="arctic").output_for_node("tell")
    assert told == {
        "key": "arctic",
        "keys": ["arctic"],
        "tags": {"length": "6", "vedette/partition": "arctic"},
        "config": {"ops": {"tell": {"config": {"ocean": "arctic"}}}},
    }


def test_a_config_that_is_given_is_used_instead() -> None:
    given = {"ops": {"tell": {"config": {"ocean": "another"}}}}
    told = oceanic.execute_in_process(given, partition_key="arctic").output_for_node("tell")
    assert told["config"] == given


def test_a_partition_that_there_is_not_is_refused() -> None:
    with pytest.raises(UnknownPartition, match=r"no partition 'baltic' of StaticPartitionsDefinition\('arctic'"):
        oceanic.execute_in_process(partition_key="baltic")

    @job
    def plain() -> None:
        tell()

    with pytest.raises(InvalidResult, match=r'job "plain" has no partitions.*give the job partitions_def='):
        plain.execute_in_process(partition_key="arctic")
    with pytest.raises(InvocationError, match='Job "plain" has no partitions'):
        plain.run_request_for_partition("arctic")


def test_a_run_without_a_partition_says_so_when_asked() -> None:
    with pytest.raises(InvocationError, match='job "oceanic" has no partition_key'):
        oceanic.execute_in_process()


def test_a_request_for_a_partition_names_the_job() -> None:
    request = oceanic.run_request_for_partition("arctic", run_key="k", tags={"a": 1})
    assert (request.job_name, request.partition_key, request.run_key, request.tags) == (
        "oceanic", "arctic", "k", {"a": "1"}
    )  # fmt: skip


def test_config_by_time_is_a_function_of_start_and_end() -> None:
    def spans(start: datetime, end: datetime) -> dict[str, Any]:
        return {"ops": {"tell": {"config": {"seconds": (end - start).total_seconds()}}}}

    made = {
        "hour": hourly_partitioned_config("2026-01-01-00:00")(spans),
        "day": daily_partitioned_config("2026-01-01", hour_offset=3)(spans),
        "week": weekly_partitioned_config("2026-01-01")(spans),
        "month": monthly_partitioned_config("2026-01-01")(spans),
    }
    first = {name: config.partitions_def.get_first_partition_key() for name, config in made.items()}
    assert first == {"hour": "2026-01-01-00:00", "day": "2026-01-01", "week": "2026-01-04", "month": "2026-01-01"}
    days = {
        name: config.get_run_config_for_partition_key(str(first[name]))["ops"]["tell"]["config"]["seconds"] / 86400
        for name, config in made.items()
    }
    assert days == {"hour": 1 / 24, "day": 1, "week": 7, "month": 31}
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert made["day"](now, now + timedelta(1)) == spans(now, now + timedelta(1))


def test_config_by_keys_that_a_function_tells() -> None:
    known = ["a"]

    @dynamic_partitioned_config(lambda _: known)
    def by_file(partition_key: str) -> dict[str, Any]:
        return {}

    @job(config=by_file)
    def filed() -> None:
        tell()

    assert filed.spec().partitions is not None
    assert filed.execute_in_process(partition_key="a").success
    with pytest.raises(UnknownPartition):
        filed.execute_in_process(partition_key="b")
    known.append("b")
    assert filed.execute_in_process(partition_key="b").success
    assert list(by_file.get_partition_keys()) == ["a", "b"]


def test_an_op_may_ask_for_the_time_of_its_partition() -> None:
    context = build_op_context(partition_key="2026-01-02", partitions_def=DAYS)
    assert context.partition_time_window.start == datetime(2026, 1, 2, tzinfo=UTC)
    assert context.partition_time_window.end == datetime(2026, 1, 3, tzinfo=UTC)
    with pytest.raises(InvocationError, match="none of time"):
        _ = build_op_context(partition_key="arctic", partitions_def=OCEANS).partition_time_window


def test_an_op_may_ask_for_the_dimensions_of_its_partition() -> None:
    both = MultiPartitionsDefinition({"date": DAYS, "ocean": OCEANS})
    context = build_op_context(partition_key="2026-01-02|indian", partitions_def=both)
    assert isinstance(context.partition_key, MultiPartitionKey)
    assert context.partition_key.keys_by_dimension == {"date": "2026-01-02", "ocean": "indian"}
    assert context.partition_time_window.start.day == 2

    @job(partitions_def=both)
    def many() -> None:
        tell()

    told = many.execute_in_process(partition_key="2026-01-02|indian").output_for_node("tell")
    assert told["tags"] == {
        "vedette/partition": "2026-01-02|indian",
        "vedette/partition/date": "2026-01-02",
        "vedette/partition/ocean": "indian",
    }


def test_an_op_may_ask_for_a_range() -> None:
    tags = {"vedette/asset_partition_range_start": "2026-01-02", "vedette/asset_partition_range_end": "2026-01-04"}
    context = build_op_context(tags=tags, partitions_def=DAYS)
    assert context.has_partition_key_range
    assert not context.has_partition_key
    assert context.partition_key_range == PartitionKeyRange("2026-01-02", "2026-01-04")
    assert list(context.partition_keys) == ["2026-01-02", "2026-01-03", "2026-01-04"]
    assert context.partition_time_window.end.day == 5
    with pytest.raises(InvocationError, match="use partition_keys"):
        _ = context.partition_key


def test_contradictions_are_refused() -> None:
    with pytest.raises(DefinitionError, match="its config is for StaticPartitionsDefinition"):
        job(name="bad", config=by_ocean, partitions_def=OCEANS)(lambda: None)
    with pytest.raises(DefinitionError, match='partitions_def= of job "bad"'):
        job(name="bad", partitions_def="days")(lambda: None)  # type: ignore[call-overload]  # what is tried
    with pytest.raises(DefinitionError, match="function of the partition key"):
        PartitionedConfig(OCEANS, {})  # type: ignore[arg-type]  # what is tried
    with pytest.raises(DefinitionError, match="give one of the two"):
        DynamicPartitionsDefinition()


def test_a_config_of_a_partition_that_is_none_names_the_partition() -> None:
    @partitioned_config(OCEANS)
    def wrong(partition_key: str) -> Any:
        return 5

    @job(config=wrong)
    def bad() -> None:
        tell()

    with pytest.raises(InvalidConfig, match='config of partition "arctic" is wrong'):
        bad.execute_in_process(partition_key="arctic")


def test_a_job_describes_its_partitions_as_data() -> None:
    spec = oceanic.spec()
    assert spec.partitioned_config
    assert spec.partitions == StaticPartitionsDefinition(["arctic", "atlantic"]).spec
