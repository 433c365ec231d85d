"""Traces: one id from a request through the tick that it asks for to the runs of that tick, as W3C has it.

Ids need not be sent along with everything: the trace of a tick that nobody asked for has the tick's id, that of a run
without a tick the run's, and the id of a span is a digest of what it is about. Every process works out the same ones.
Spans are emitted only while `exporting` is entered, which is where OpenTelemetry is imported.
"""

import asyncio
import importlib
import re
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from hashlib import blake2b
from types import MappingProxyType
from typing import Any, NamedTuple, Self
from uuid import UUID

from vedette.errors import UsageError

EXPORTER = "vedette.telemetry.exporting"

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_REQUEST_ID = re.compile(r"[0-9a-f]{32}")
_NONE = re.compile(r"0+")
# Of the part of a trace id by which it is decided whether it is exported, the same as OpenTelemetry's samplers use.
_SHARE_BITS = 64

Attributes = Mapping[str, str | int | float | bool]


def span_id(*parts: object) -> str:
    """Return the id of the span that is about these."""
    return blake2b("/".join(map(str, parts)).encode(), digest_size=8).hexdigest()


class Trace(NamedTuple):
    """A place in a trace: the ids of the trace and of a span in it, in hexadecimal."""

    trace_id: str
    span_id: str

    @classmethod
    def new(cls) -> Self:
        """Begin a trace."""
        return cls(secrets.token_hex(16), secrets.token_hex(8))

    @classmethod
    def parse(cls, traceparent: str) -> Self | None:
        """Return what a header `traceparent` says, None where it says nothing that can be used."""
        found = _TRACEPARENT.fullmatch(traceparent.strip())
        if found is None or _NONE.fullmatch(found[1]) or _NONE.fullmatch(found[2]):
            return None
        return cls(found[1], found[2])

    @classmethod
    def of_headers(cls, traceparent: str | None, request_id: str | None) -> Self:
        """Return the place of a request: below its client's span, or in the trace of the id that a proxy gave it."""
        parent = cls.parse(traceparent or "")
        if parent is not None:
            return parent
        given = (request_id or "").replace("-", "").lower()
        usable = _REQUEST_ID.fullmatch(given) and not _NONE.fullmatch(given)
        return cls(given if usable else secrets.token_hex(16), "")

    def child(self, *parts: object) -> Self:
        """Return the span of this trace that is about `parts`; about nothing it is any new one."""
        return self._replace(span_id=span_id(self.trace_id, *parts) if parts else secrets.token_hex(8))

    @property
    def text(self) -> str:
        """Return it as a header `traceparent`."""
        return f"00-{self.trace_id}-{self.span_id}-01"


def of_tick(tick_id: UUID, asked: str | None) -> Trace:
    """Return the span of a tick, in the trace of the request that asked for it (as `traceparent`), or in its own."""
    parent = Trace.parse(asked or "")
    return (parent or Trace(tick_id.hex, "")).child("tick", tick_id)


class RunTrace(NamedTuple):
    """The span of one attempt of a run, and the id of the span above it, if there is one."""

    span: Trace
    parent_id: str | None


def of_run(run_id: UUID, attempt: int, tick_id: UUID | None, asked: str | None) -> RunTrace:
    """Return the place of a run: below the span `asked`, else below its tick's, else in a trace of its own."""
    above = Trace.parse(asked or "")
    if above is None and tick_id is not None:
        above = of_tick(tick_id, None)
    span = (above or Trace(run_id.hex, "")).child("run", run_id, attempt)
    return RunTrace(span, None if above is None else above.span_id)


# The request that is being answered.
current: ContextVar[Trace | None] = ContextVar("trace", default=None)


def asked_by() -> str | None:
    """Return the span of the request that is being answered, as `traceparent`, for what it asks for."""
    trace = current.get()
    return trace.text if trace is not None and trace.span_id else None


class Span(NamedTuple):
    """Something that has ended. Times are seconds since 1970; `error` is why it failed; `kind` as OpenTelemetry's."""

    name: str
    place: Trace
    parent_id: str | None
    began: float
    ended: float
    attributes: Attributes = MappingProxyType({})
    error: str | None = None
    kind: str = "INTERNAL"


class _Exporting:
    """Where spans go, and of which traces."""

    def __init__(self) -> None:
        self.export: Callable[[Span], None] | None = None
        self.share = 0.0

    def wants(self, trace_id: str) -> bool:
        return self.export is not None and int(trace_id[16:], 16) < self.share * 2**_SHARE_BITS


_exporting = _Exporting()


def wants(trace_id: str) -> bool:
    """Tell whether the spans of a trace are exported; every process decides the same."""
    return _exporting.wants(trace_id)


def emit(span: Span) -> None:
    """Export a span if its trace is exported. It waits in a bounded queue for a thread; what is too much is dropped."""
    if _exporting.export is not None and _exporting.wants(span.place.trace_id):
        _exporting.export(span)


@asynccontextmanager
async def exporting(endpoint: str | None, share: float, role: str, version: str) -> AsyncIterator[None]:
    """Export that share of traces by OTLP over HTTP to `endpoint` (None: nowhere), until the block ends.

    What waits then is sent. Raises UsageError where OpenTelemetry is not installed.
    """
    if endpoint is None:
        yield
        return
    try:
        module: Any = importlib.import_module(EXPORTER)
    except ImportError as error:
        raise UsageError(f"otlp_endpoint needs OpenTelemetry ({error}); install vedette[otel].") from None
    exporter = module.Exporter(endpoint, role, version)
    _exporting.export, _exporting.share = exporter.export, share
    try:
        yield
    finally:
        _exporting.export = None
        await asyncio.to_thread(exporter.close)
