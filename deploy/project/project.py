"""The project that the deployments here run: it greets whoever has a file in the folder that INBOX names."""

import os
from pathlib import Path

from vedette import DefaultSensorStatus, OpExecutionContext, RunRequest, SensorEvaluationContext, job, op, sensor

INBOX = Path(os.environ.get("INBOX", "inbox"))


@op
def greet(context: OpExecutionContext) -> None:
    """Say hello in the run's log."""
    context.log.info("hello, %s", context.tags["vedette/run_key"])


@job
def greets() -> None:
    """Greet one guest."""
    greet()


@sensor(job=greets, minimum_interval_seconds=1, max_lag=60, default_status=DefaultSensorStatus.RUNNING)
def arrivals(context: SensorEvaluationContext) -> list[RunRequest]:
    """Ask for a run for each file that has come; the run key keeps it at one each."""
    return [RunRequest(run_key=path.name) for path in sorted(INBOX.glob("*"))] if INBOX.is_dir() else []
