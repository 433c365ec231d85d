"""`/metrics`: what this process counts; where it serves the API, also how the whole instance stands."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from datetime import timedelta

from prometheus_client.exposition import choose_encoder
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from vedette.settings import Settings
from vedette.storage import instance, retention
from vedette.storage.database import Database
from vedette.storage.sensors import sensors
from vedette.telemetry import metrics

# Prometheus gives up after ten seconds; it is to have what else there is before that.
PATIENCE_SECONDS = 3.0

Look = Callable[[], Awaitable[None]]


async def _nowhere() -> None:
    return


def route(look: Look = _nowhere) -> Route:
    """Return the route; `look` is awaited before metrics are read."""

    async def answer(request: Request) -> Response:
        await look()
        metrics.LOOP_TASKS.set(len(asyncio.all_tasks()))
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        # Thousands of samples take milliseconds, which streams need not wait for.
        body = await asyncio.to_thread(encode, metrics.REGISTRY)
        return Response(body, headers={"content-type": content_type, "cache-control": "no-store"})

    return Route("/metrics", answer, methods=["GET"])


def looking_at(database: Database, settings: Settings) -> Look:
    """Return what reads how the instance stands; of a database that does not answer in time, it tells that alone."""
    patience = timedelta(seconds=settings.lease_seconds)

    async def look() -> None:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS), database.reading() as connection:
                load = await instance.load(connection)
                late = await sensors.late(connection)
                alive = await instance.alive(connection, patience)
                state = await retention.state(connection)
        except Exception:  # whatever it is: the other metrics are wanted all the more
            metrics.DATABASE_UP.set(0)
            for gauge in metrics.OF_THE_INSTANCE:
                gauge.set(math.nan)
            metrics.WORKERS.clear()
            return
        metrics.DATABASE_UP.set(1)
        metrics.OLDEST_DUE.set(load.oldest_due_seconds)
        metrics.OVERDUE.set(late.overdue)
        metrics.OBJECTIVES_BREACHED.set(late.by_objective)
        metrics.QUEUED_RUNS.set(load.queued_runs)
        metrics.LIMITED_RUNS.set(load.limited_runs)
        metrics.OLDEST_QUEUED.set(load.oldest_queued_seconds)
        metrics.RUNNING_RUNS.set(load.running_runs)
        metrics.RETENTION_FAILURES.set(state.failures)
        for role, count in alive.items():
            metrics.WORKERS.labels(role).set(count)

    return look
