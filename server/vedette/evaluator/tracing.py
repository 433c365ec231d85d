"""The traces of ticks: those that came to something, or that somebody asked for. A skip is not worth a trace."""

import logging
import time
from collections.abc import Sequence

from vedette.domain.ticks import TickStatus
from vedette.storage.ticks.recording import RecordedTick
from vedette.telemetry import tracing
from vedette.telemetry.tracing import Span, Trace

logger = logging.getLogger(__name__)


def follow(recorded: Sequence[RecordedTick]) -> None:
    """Emit the spans of ticks that were recorded just now, and log those that a request asked for."""
    for one in recorded:
        if one.tick.trace is None and (one.status is TickStatus.SKIPPED or one.status is None):
            continue
        place = tracing.of_tick(one.tick.id, one.tick.trace)
        if one.tick.trace is not None and one.status is not None:
            said = {"trace_id": place.trace_id, "tick_id": one.tick.id, "sensor_id": one.tick.sensor_id}
            logger.info("Tick %s, which a request asked for, is %s.", one.tick.id, one.status, extra=said)
        if tracing.wants(place.trace_id) and one.status is not None:
            _emit(one, place)


def _emit(one: RecordedTick, place: Trace) -> None:
    tick, made = one.tick, one.tick.evaluation
    if made is None or tick.finished_at is None:
        return
    error = None if made.error is None else f"{made.error.type}: {made.error.message}"
    began, finished, now = tick.started_at.timestamp(), tick.finished_at.timestamp(), time.time()
    due = began if tick.due_at is None else min(began, tick.due_at.timestamp())
    parent = tracing.Trace.parse(tick.trace or "")
    about = {
        "vedette.tick.id": str(tick.id),
        "vedette.sensor.id": str(tick.sensor_id),
        "vedette.sensor": tick.sensor_name,
        "vedette.tick.cause": tick.cause.value,
        "vedette.tick.status": str(one.status),
        "vedette.tick.run_requests": len(made.run_requests),
        "vedette.tick.events": len(made.reactions),
    }
    above = None if parent is None else parent.span_id
    tracing.emit(Span(f"tick {tick.sensor_name}", place, above, due, now, about, error, "CONSUMER"))
    if due < began:
        tracing.emit(Span("wait", place.child("wait", tick.id), place.span_id, due, began))
    tracing.emit(Span("evaluate", place.child("evaluate", tick.id), place.span_id, began, finished, error=error))
    tracing.emit(Span("record", place.child("record", tick.id), place.span_id, finished, now))
