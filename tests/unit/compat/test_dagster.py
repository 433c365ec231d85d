"""A project that was written for Dagster: its names are here, and what is not says so when it is used."""

import subprocess
import sys
from pathlib import Path
from typing import Optional

import pytest

import vedette
from vedette.compat import dagster
from vedette.compat.upstream_names import NAMES
from vedette.errors import DefinitionError

UPSTREAM_PROJECT = """
import sys
import vedette.compat.dagster
sys.modules["dagster"] = vedette.compat.dagster

import os
import dagster as dg
from dagster import Config, DagsterRunStatus, OpExecutionContext, RunConfig, RunRequest, SkipReason, get_dagster_logger
from dagster import AutomationCondition, ScheduleEvaluationContext

class FileConfig(Config):
    filename: str

@dg.op
def process_file(context: OpExecutionContext, config: FileConfig):
    context.log.info(config.filename)

@dg.job
def log_file_job():
    process_file()

def never_called(context: ScheduleEvaluationContext, condition: AutomationCondition | None = None): ...

@dg.sensor(job=log_file_job)
def my_directory_sensor():
    for filename in ["a", "b"]:
        yield RunRequest(
            run_key=filename, run_config=RunConfig(ops={"process_file": FileConfig(filename=filename)})
        )

get_dagster_logger().info("here")
assert DagsterRunStatus.SUCCESS
evaluation = my_directory_sensor.evaluate_tick(dg.build_sensor_context())
print([request.run_key for request in evaluation.run_requests])
"""


def test_a_project_that_imports_dagster_runs_unchanged_but_for_the_first_lines(tmp_path: Path) -> None:
    project = tmp_path / "project.py"
    project.write_text(UPSTREAM_PROJECT)
    done = subprocess.run([sys.executable, str(project)], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "['a', 'b']\n"), done.stderr


def test_every_name_of_upstream_can_be_imported() -> None:
    for name in NAMES:
        assert getattr(dagster, name) is not None


def test_what_authors_have_goes_by_its_own_name_there_too() -> None:
    assert dagster.sensor is vedette.sensor
    assert dagster.RunRequest is vedette.RunRequest


def test_what_is_not_here_says_so_on_use_and_not_on_import() -> None:
    missing = dagster.ScheduleDefinition
    assert Optional[missing] is not None  # noqa: UP045 - as older projects write it
    assert missing | None is missing
    with pytest.raises(DefinitionError, match=r"Vedette has no ScheduleDefinition: .*vedette run launch"):
        missing(job=None)
    with pytest.raises(DefinitionError, match="Vedette has no AutomationCondition"):
        dagster.AutomationCondition.eager()
    with pytest.raises(DefinitionError, match="Vedette has no Component"):

        class Mine(dagster.Component):  # type: ignore[misc]  # upstream's base class, which is not here
            pass


def test_what_upstream_does_not_have_either_is_an_import_error() -> None:
    with pytest.raises(ImportError, match="no_such_name"):
        exec("from vedette.compat.dagster import no_such_name")
