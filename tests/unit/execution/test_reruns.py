"""Runs that leave out the ops that succeeded before."""

from uuid import uuid4

from vedette import In, Nothing, job, op
from vedette.authoring.definitions import Definitions
from vedette.domain.runs import RunInstruction
from vedette.execution.run import RunExecution

executed: list[str] = []


@op
def load() -> int:
    executed.append("load")
    return 1


@op
def announce() -> None:
    executed.append("announce")


@op(ins={"begin": In(Nothing)})
def clean() -> None:
    executed.append("clean")


@op
def report(value: int) -> None:
    executed.append("report")


@job
def all_of_it() -> None:
    report(load())
    clean(begin=announce())


def rerun(*done: str) -> list[str]:
    executed.clear()
    run = RunExecution(Definitions(jobs=[all_of_it]), RunInstruction(uuid4(), "all_of_it", done_steps=done))
    assert run.execute(lambda _: None) is None
    assert list(run.steps) == executed
    return sorted(executed)


def test_what_succeeded_is_left_out_unless_its_output_is_taken() -> None:
    assert rerun() == ["announce", "clean", "load", "report"]
    assert rerun("load", "announce", "report") == ["clean"]
    assert rerun("load", "announce") == ["clean", "load", "report"]
    assert rerun("load", "announce", "report", "clean") == []


def test_names_that_the_job_no_longer_has_do_no_harm() -> None:
    assert rerun("gone", "announce", "clean") == ["load", "report"]
