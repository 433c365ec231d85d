"""What authors say of the queue: priorities, and how many runs of a job are executed at once."""

from typing import Any

import pytest

from vedette import DefinitionError, Definitions, JobDefinition, RunRequest, asset, define_asset_job, graph, job, op
from vedette.compat import dagster
from vedette.errors import InvalidResult


@op
def work() -> None: ...


@asset
def numbers() -> None: ...


def made(**options: Any) -> JobDefinition:
    return JobDefinition(work, name="clean", **options)


def test_a_priority_is_a_tag_that_a_run_request_or_its_job_says() -> None:
    assert made(priority=3, tags={"team": "data"}).tags == {"team": "data", "vedette/priority": "3"}
    assert RunRequest(priority=-2).tags == {"vedette/priority": "-2"}
    assert RunRequest(tags={"vedette/priority": 7}).tags == {"vedette/priority": "7"}
    assert RunRequest(tags={"vedette/priority": "1"}).with_replaced_attrs(priority=9).tags == {"vedette/priority": "9"}


def test_upstream_s_tag_is_one_too() -> None:
    assert dagster.RunRequest(tags={"dagster/priority": "4"}).tags == {"dagster/priority": "4"}
    assert dagster.RunRequest(tags={"dagster/priority": "4"}, priority=5).tags == {"vedette/priority": "5"}


@pytest.mark.parametrize("wrong", ["high", "1.5", "", "9999999", "+1"])
def test_a_tag_that_says_no_number_is_refused(wrong: str) -> None:
    for tag in ("vedette/priority", "dagster/priority"):
        with pytest.raises(InvalidResult, match=f"{tag} is a whole number"):
            RunRequest(tags={tag: wrong})
        with pytest.raises(DefinitionError, match=f'priority of job "clean" is wrong: The tag {tag}'):
            made(tags={tag: wrong})


@pytest.mark.parametrize("wrong", ["1", 1.0, True, 1_000_000])
def test_a_priority_is_a_whole_number(wrong: Any) -> None:
    with pytest.raises(InvalidResult, match="A priority is a whole number"):
        RunRequest(priority=wrong)
    with pytest.raises(DefinitionError, match='priority of job "clean"'):
        made(priority=wrong)


def test_a_job_says_how_many_of_its_runs_are_executed_at_once() -> None:
    assert made().spec().max_concurrent_runs is None
    assert made(max_concurrent_runs=2).spec().max_concurrent_runs == 2

    @job(max_concurrent_runs=1)
    def alone() -> None:
        work()

    assert alone.spec().max_concurrent_runs == 1


def test_other_jobs_say_it_too() -> None:
    @graph
    def both() -> None:
        work()

    of_graph = both.to_job(max_concurrent_runs=2, priority=1)
    assert (of_graph.max_concurrent_runs, of_graph.tags) == (2, {"vedette/priority": "1"})
    of_assets = define_asset_job("all_of_it", max_concurrent_runs=3, priority=2)
    resolved = Definitions(assets=[numbers], jobs=[of_assets]).get_job_def("all_of_it")
    assert (resolved.max_concurrent_runs, resolved.tags) == (3, {"vedette/priority": "2"})


@pytest.mark.parametrize("wrong", [0, -1, "2", 1.5, True, 1_000_001])
def test_so_many_runs_are_a_whole_number_above_0(wrong: Any) -> None:
    with pytest.raises(
        DefinitionError, match='max_concurrent_runs of job "clean" is a whole number from 1 to 1,000,000'
    ):
        made(max_concurrent_runs=wrong)
