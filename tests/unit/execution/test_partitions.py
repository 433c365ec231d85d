"""What evaluations say of partitions: the partitions that requests are for, and changes of dynamic ones."""

from typing import Any

import msgspec
import pytest

from vedette import (
    AddDynamicPartitionsRequest,
    Config,
    DailyPartitionsDefinition,
    Definitions,
    DynamicPartitionsDefinition,
    InvalidResult,
    MultiPartitionKey,
    MultiPartitionsDefinition,
    RunRequest,
    SensorDefinition,
    SensorResult,
    StaticPartitionsDefinition,
    job,
    op,
    static_partitioned_config,
)
from vedette.authoring.jobs import JobDefinition
from vedette.domain.events import RunEvent, RunEventKind
from vedette.domain.ids import new_id
from vedette.domain.partitions import DynamicKey, PartitionChange, PartitionChangeKind
from vedette.domain.runs import RunInstruction
from vedette.domain.ticks import Evaluation, TickStatus
from vedette.execution.run import RunExecution

IMAGES = DynamicPartitionsDefinition("images")
OCEANS = StaticPartitionsDefinition(["arctic", "atlantic"])


class Ocean(Config):
    ocean: str


@op
def look(config: Ocean) -> None: ...


@op
def nothing() -> None: ...


@static_partitioned_config(
    ["arctic", "atlantic"], tags_for_partition_key_fn=lambda key: {"of": key, "who": "partition"}
)
def by_ocean(partition_key: str) -> dict[str, Any]:
    return {"ops": {"look": {"config": {"ocean": partition_key}}}}


@job(config=by_ocean)
def oceanic() -> None:
    look()


@job(partitions_def=MultiPartitionsDefinition({"date": DailyPartitionsDefinition("2026-01-01"), "image": IMAGES}))
def of_both() -> None:
    nothing()


@job(partitions_def=IMAGES)
def of_images() -> None:
    nothing()


@job
def plain() -> None:
    nothing()


def evaluated(result: Any, target: JobDefinition = oceanic) -> Evaluation:
    return SensorDefinition("s", evaluation_fn=lambda: result, job=target).evaluate_tick()


def message(evaluation: Evaluation) -> str:
    assert evaluation.error is not None
    return evaluation.error.message


def test_a_request_for_a_partition_has_its_config_and_tags() -> None:
    (request,) = evaluated(RunRequest(partition_key="arctic", tags={"who": "request"})).run_requests
    assert request.partition_key == "arctic"
    assert request.run_config == {"ops": {"look": {"config": {"ocean": "arctic"}}}}
    assert request.tags == {"of": "arctic", "who": "request", "vedette/partition": "arctic"}


def test_a_request_keeps_a_config_of_its_own() -> None:
    given = {"ops": {"look": {"config": {"ocean": "mine"}}}}
    (request,) = evaluated(RunRequest(partition_key="arctic", run_config=given)).run_requests
    assert request.run_config == given


def test_every_bad_partition_is_named_at_once() -> None:
    text = message(evaluated([RunRequest(partition_key="baltic"), RunRequest("k", partition_key="north")]))
    assert "2 bad run requests of 2" in text
    assert "run request 1: There is no partition 'baltic' of StaticPartitionsDefinition('arctic', 'atlantic')" in text
    assert "run request 2 (run_key \"k\"): There is no partition 'north'" in text


def test_a_partition_of_a_job_that_has_none_is_refused() -> None:
    assert 'job "plain" has no partitions' in message(evaluated(RunRequest(partition_key="arctic"), plain))


def test_both_ends_of_a_range_are_looked_at() -> None:
    tags = {"vedette/asset_partition_range_start": "arctic", "vedette/asset_partition_range_end": "baltic"}
    given = {"ops": {"look": {"config": {"ocean": "all"}}}}
    assert "no partition 'baltic'" in message(evaluated(RunRequest(tags=tags, run_config=given)))


def test_dynamic_keys_are_left_to_be_looked_up() -> None:
    (request,) = evaluated(RunRequest(partition_key="a.png"), of_images).run_requests
    assert request.needed_keys == (DynamicKey("images", "a.png"),)
    (request,) = evaluated(RunRequest(partition_key="2026-01-02|a.png"), of_both).run_requests
    assert request.needed_keys == (DynamicKey("images", "a.png"),)
    assert request.tags["vedette/partition/image"] == "a.png"
    assert "no partition '1999-01-02|a.png'" in message(
        evaluated(RunRequest(partition_key="1999-01-02|a.png"), of_both)
    )


def test_changes_of_dynamic_partitions_go_with_the_evaluation() -> None:
    evaluation = evaluated(
        SensorResult(
            [RunRequest(partition_key="a.png")],
            dynamic_partitions_requests=[
                IMAGES.build_add_request(["a.png", "b.png"]),
                IMAGES.build_delete_request(["c"]),
            ],
        ),
        of_images,
    )
    assert evaluation.status is TickStatus.SUCCESS
    assert evaluation.partition_changes == (
        PartitionChange(PartitionChangeKind.ADD, "images", ("a.png", "b.png")),
        PartitionChange(PartitionChangeKind.DELETE, "images", ("c",)),
    )


def test_changes_alone_are_a_skip_that_says_so() -> None:
    evaluation = evaluated(SensorResult(dynamic_partitions_requests=[IMAGES.build_add_request(["a"])]))
    assert (evaluation.status, evaluation.skip_reason) == (
        TickStatus.SKIPPED, "Changed 1 partition and asked for no run."
    )  # fmt: skip


@pytest.mark.parametrize(
    "requests",
    [
        [IMAGES.build_add_request(["a", "a"])],
        [IMAGES.build_add_request(["a"]), IMAGES.build_add_request(["a"])],
        [IMAGES.build_add_request(["a"]), IMAGES.build_delete_request(["a"])],
        [IMAGES.build_delete_request(["a"]), IMAGES.build_delete_request(["b", "a"])],
    ],
)
def test_a_key_is_named_once(requests: list[Any]) -> None:
    text = message(evaluated(SensorResult(dynamic_partitions_requests=requests)))
    assert 'more than once, or do both: "a" of "images"' in text


def test_there_is_a_most_of_keys() -> None:
    most = IMAGES.build_add_request([str(number) for number in range(25_000)])
    assert evaluated(SensorResult(dynamic_partitions_requests=[most])).error is None
    more = AddDynamicPartitionsRequest("others", ["a"])
    assert "change 25001 keys; 25000 is the most" in message(
        evaluated(SensorResult(dynamic_partitions_requests=[most, more]))
    )


def test_nonsense_is_refused_where_it_is_written() -> None:
    with pytest.raises(InvalidResult, match="dynamic_partitions_requests holds 'a'"):
        SensorResult(dynamic_partitions_requests=["a"])  # type: ignore[list-item]  # what is tried


def test_the_config_of_a_partition_is_asked_for_when_the_run_has_started() -> None:
    asked: list[str] = []

    @static_partitioned_config(["arctic"])
    def noted(partition_key: str) -> dict[str, Any]:
        asked.append(partition_key)
        return {"ops": {"look": {"config": {"ocean": partition_key}}}}

    @job(config=noted)
    def careful() -> None:
        look()

    execution = RunExecution(Definitions(jobs=[careful]), RunInstruction(new_id(), "careful", partition_key="arctic"))
    assert asked == []
    events: list[RunEvent] = []
    assert execution.execute(events.append) is None
    assert asked == ["arctic"]
    assert (events[0].kind, events[0].step) == (RunEventKind.ENGINE, None)
    assert '"ocean": "arctic"' in (events[0].message or "")


def test_a_key_of_several_dimensions_can_be_sent() -> None:
    key = MultiPartitionKey({"image": "a.png", "date": "2026-01-02"})
    evaluation = evaluated(
        SensorResult(
            [RunRequest(str(key), partition_key=key)],
            dynamic_partitions_requests=[IMAGES.build_add_request([MultiPartitionKey({"only": "a.png"})])],
        ),
        of_both,
    )
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(evaluation), type=Evaluation) == evaluation
    assert evaluation.run_requests[0].partition_key == "2026-01-02|a.png"
