"""What this evaluator tells of itself as metrics: counted a batch at a time, or read when somebody asks."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from vedette.evaluator.evaluations import Evaluations
from vedette.evaluator.holdings import Holdings
from vedette.evaluator.schedule import Schedule
from vedette.storage.recording import RecordedTick
from vedette.telemetry import metrics


def count(recorded: Sequence[RecordedTick]) -> None:
    """Count the ticks of a transaction: how each ended, how long user code took, how late it began."""
    ended = [one for one in recorded if one.status is not None]
    made = [one.tick.evaluation for one in ended if one.tick.evaluation is not None]
    for status, number in Counter(one.status for one in ended).items():
        metrics.TICKS.labels(status).inc(number)
    metrics.EVALUATION_SECONDS.add([evaluation.duration_seconds for evaluation in made])
    ticks = [one.tick for one in ended]
    metrics.LATENESS_SECONDS.add(
        [max(0.0, (tick.started_at - tick.due_at).total_seconds()) for tick in ticks if tick.due_at is not None]
    )
    if requests := sum(len(evaluation.run_requests) for evaluation in made):
        metrics.RUN_REQUESTS.inc(requests)
    if dropped := sum(one.sensor is None for one in recorded):
        metrics.TICKS_DROPPED.inc(dropped)


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
