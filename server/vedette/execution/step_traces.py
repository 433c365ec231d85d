"""The place of an op in the trace of its run, for user code that has OpenTelemetry: its spans become the op's."""

import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from vedette.telemetry.tracing import Trace

VARIABLE = "TRACEPARENT"
# Where user code has imported the first, the second can be.
USED, PROPAGATION, CONTEXT = (
    "opentelemetry.trace",
    "opentelemetry.trace.propagation.tracecontext",
    "opentelemetry.context",
)


@contextmanager
def traced(run: str | None, step: str) -> Iterator[None]:
    """Have the op `step` find its place below the run's span, given as W3C `traceparent`; None: it is not traced.

    It is in the variable TRACEPARENT, for processes that the op starts, and in the context of OpenTelemetry.
    """
    above = Trace.parse(run or "")
    if above is None:
        yield
        return
    place = above.child("step", step).text
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = place
    try:
        with _attached(place):
            yield
    finally:
        if before is None:
            os.environ.pop(VARIABLE, None)
        else:
            os.environ[VARIABLE] = before


@contextmanager
def _attached(place: str) -> Iterator[None]:
    if USED not in sys.modules:
        yield
        return
    context: Any = importlib.import_module(CONTEXT)
    propagator: Any = importlib.import_module(PROPAGATION).TraceContextTextMapPropagator()
    token = context.attach(propagator.extract({"traceparent": place}))
    try:
        yield
    finally:
        context.detach(token)
