"""What this evaluator tells of itself as metrics: counted a batch at a time, or read when somebody asks."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from vedette.domain.ticks import TickStatus
from vedette.evaluator.evaluations import Evaluations
from vedette.evaluator.holdings import Holdings
from vedette.evaluator.schedule import Schedule
from vedette.storage.ticks.recording import RecordedTick
from vedette.telemetry import metrics

_SKIPPED, _SUCCESS, _FAILURE = (
    metrics.TICKS.labels(status) for status in (TickStatus.SKIPPED, TickStatus.SUCCESS, TickStatus.FAILURE)
)


def count(recorded: Sequence[RecordedTick]) -> None:
    """Count the ticks of a transaction: how each ended, how long user code took, how late it began.

    One loop, and statuses told apart by identity: their hashes are Python's to work out, and take longer than all else.
    """
    skipped = success = requests = dropped = 0
    durations, lateness = [], []
    for one in recorded:
        tick, made, status = one.tick, one.tick.evaluation, one.status
        if status is None or made is None:
            dropped += one.sensor is None
            continue
        durations.append(made.duration_seconds)
        if tick.due_at is not None:
            late = (tick.started_at - tick.due_at).total_seconds()
            # A sum that falls would be taken for a restart.
            lateness.append(late if late > 0 else 0.0)
        if status is TickStatus.SKIPPED:
            skipped += 1
        elif status is TickStatus.SUCCESS:
            success += 1
            requests += len(made.run_requests)
    metrics.EVALUATION_SECONDS.add(durations)
    metrics.LATENESS_SECONDS.add(lateness)
    failures = len(durations) - skipped - success
    for counter, number in (
        (_SKIPPED, skipped),
        (_SUCCESS, success),
        (_FAILURE, failures),
        (metrics.RUN_REQUESTS, requests),
        (metrics.TICKS_DROPPED, dropped),
    ):
        if number:
            counter.inc(number)


@contextmanager
def gauges(schedule: Schedule, evaluations: Evaluations, holdings: Holdings) -> Iterator[None]:
    """Show what this evaluator holds and does while the block runs."""
    with ExitStack() as stack:
        for gauge, read in (
            (metrics.EVALUATIONS, lambda: len(evaluations.by_sensor)),
            (metrics.SENSORS, lambda: len(schedule)),
            (metrics.SHARDS, lambda: len(holdings.epochs)),
            (metrics.EVALUATOR_LAG, lambda: schedule.lag(time.monotonic())),
        ):
            stack.enter_context(metrics.shown(gauge, read))
        yield
