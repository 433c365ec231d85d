"""Spans on their way to a collector, by OpenTelemetry's SDK. Imported only where traces are configured."""

import os
import socket

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from vedette.telemetry.tracing import Span, Trace

PATH = "/v1/traces"
TIMEOUT_SECONDS = 5.0


class Exporter:
    """Sends spans to an OTLP collector from a thread; while that is away they wait, 2048 at most, then are dropped."""

    def __init__(self, endpoint: str, role: str, version: str) -> None:
        address = endpoint.rstrip("/")
        url = address if address.endswith(PATH) else address + PATH
        self._processor = BatchSpanProcessor(OTLPSpanExporter(endpoint=url, timeout=TIMEOUT_SECONDS))
        self._resource = Resource.create(
            {
                "service.name": "vedette",
                "service.version": version,
                "service.instance.id": f"{socket.gethostname()}/{os.getpid()}",
                "vedette.role": role,
            }
        )
        self._scope = InstrumentationScope("vedette", version)

    def close(self) -> None:
        """Send what waits, for some seconds at most, and end the thread."""
        self._processor.shutdown()  # type: ignore[no-untyped-call]  # theirs says no return type

    def export(self, span: Span) -> None:
        """Put a span into the queue."""
        parent = None if span.parent_id is None else _context(span.place._replace(span_id=span.parent_id))
        self._processor.on_end(
            ReadableSpan(
                span.name,
                _context(span.place),
                parent,
                self._resource,
                dict(span.attributes),
                kind=SpanKind[span.kind],
                status=Status(StatusCode.UNSET) if span.error is None else Status(StatusCode.ERROR, span.error),
                start_time=int(span.began * 1e9),
                end_time=int(max(span.began, span.ended) * 1e9),
                instrumentation_scope=self._scope,
            )
        )


def _context(place: Trace) -> SpanContext:
    return SpanContext(
        int(place.trace_id, 16), int(place.span_id, 16), is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED)
    )
