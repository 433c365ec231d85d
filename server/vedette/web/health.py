"""Health by work done, for probes of the machinery around: alive (`/healthz`) and up to its work (`/readyz`)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from vedette.settings import Settings
from vedette.storage import instance, retention
from vedette.storage.database import Database
from vedette.web import scraping
from vedette.web.admission import Admission

# Probes give up after a few seconds; they are to learn the reason before that.
PATIENCE_SECONDS = 3.0

Result = TypeVar("Result")


class _Unhealthy(Exception):
    """The database is of no use; the text says why."""


def _liveness(database: Database) -> Route:
    async def healthz(request: Request) -> Response:
        """Tell whether this process makes progress and its database answers: the answer itself is the proof."""
        try:
            await _within_patience(database.now())
        except _Unhealthy as error:
            return _answer(503, "unhealthy", str(error))
        return _answer(200, "healthy")

    return Route("/healthz", healthz)


def create_worker_app(database: Database, trouble: Callable[[], str | None]) -> Starlette:
    """Return the application of a process without the API: `/healthz`, `/readyz` and `/metrics`.

    `trouble` says why the process cannot do its work now, None where it can.
    """

    async def readyz(request: Request) -> Response:
        try:
            await _within_patience(database.now())
        except _Unhealthy as error:
            return _answer(503, "unhealthy", str(error))
        reason = trouble()
        return _answer(200, "ready") if reason is None else _answer(503, "not ready", reason)

    return Starlette(routes=[_liveness(database), Route("/readyz", readyz), scraping.route()])


def routes(database: Database, settings: Settings, admission: Admission) -> list[Route]:
    """Return the routes `/healthz` and `/readyz` of a server of the API."""

    async def readyz(request: Request) -> Response:
        """Tell whether the instance keeps up: no sensor is later than the limit. A server that stops is not ready."""
        if admission.is_draining:
            return _answer(503, "draining", "This server is stopping.")
        try:
            load, state = await _within_patience(_load(database))
        except _Unhealthy as error:
            return _answer(503, "unhealthy", str(error))
        figures: dict[str, Any] = {
            "oldestDueSeconds": round(load.oldest_due_seconds, 3),
            "readyLagSeconds": settings.ready_lag_seconds,
            "queuedRuns": load.queued_runs,
            "oldestQueuedSeconds": round(load.oldest_queued_seconds, 3),
            "runningRuns": load.running_runs,
        }
        if load.oldest_due_seconds <= settings.ready_lag_seconds:
            # Not 503: what is not dropped is no reason to answer nobody.
            reason = retention.trouble(state, settings.retention_seconds)
            return _answer(200, "ready" if reason is None else "degraded", reason, **figures)
        reason = (
            f"The latest sensor was due {load.oldest_due_seconds:.0f} s ago, more than ready_lag_seconds="
            f"{settings.ready_lag_seconds:g}; is an evaluator alive?"
        )
        return _answer(503, "late", reason, **figures)

    return [_liveness(database), Route("/readyz", readyz)]


async def _load(database: Database) -> tuple[instance.Load, retention.RetentionState]:
    async with database.reading() as connection:
        return await instance.load(connection), await retention.state(connection)


async def _within_patience(work: Awaitable[Result]) -> Result:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await work
    except TimeoutError:
        raise _Unhealthy(f"The database did not answer within {PATIENCE_SECONDS:g} s.") from None
    except Exception as error:
        # Whatever it is: a probe that fails with 500 and a stack tells its reader nothing.
        raise _Unhealthy(" ".join(str(error).split()) or type(error).__name__) from error


def _answer(status_code: int, status: str, reason: str | None = None, **figures: Any) -> Response:
    said = {} if reason is None else {"reason": reason}
    return JSONResponse({"status": status, **said, **figures}, status_code, {"cache-control": "no-store"})
