"""Opens the bus, the API and the workers on a database in order, and leaves in reverse."""

import asyncio
import functools
import gc
import logging
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version

from starlette.applications import Starlette

from vedette.bus import Bus
from vedette.evaluator.worker import Evaluator
from vedette.hosts.answers import Answers
from vedette.hosts.locations import CodeLocations
from vedette.hosts.registrar import register
from vedette.hosts.reloads import follow_reloads
from vedette.launcher.engines.choosing import check_engine
from vedette.launcher.worker import Launcher
from vedette.relay import sweeping
from vedette.retention.keeper import Keeper
from vedette.runtime.own_loop import own_loop
from vedette.settings import Settings
from vedette.storage import restored, workers
from vedette.storage.connecting import COMMAND_SECONDS
from vedette.storage.database import Database
from vedette.telemetry import metrics, tracing
from vedette.web.app import attending, create_app, create_probes
from vedette.web.health import create_worker_app
from vedette.web.server import serve_http

logger = logging.getLogger(__name__)

Announce = Callable[[str], None]

FROZEN_SHARE = 0.3
SWITCH_SECONDS = 0.0005
# Objects that are made and not unmade, and collections of a generation, after which the next one is collected. A list
# of a hundred things is some thousand objects, which die without the collector: it is not to look at them several times
# while they are made. All of them are looked at after some 400,000, as what is cut off in the midst of its work leaves
# circles: by Python's own thresholds it would be two million, and what holds them some hundred MB.
COLLECT_AFTER = (20_000, 5, 2)


@dataclass(frozen=True)
class Ground:
    """What every process of Vedette stands on.

    Each part opens connections of its own, so that a busy API never keeps the evaluator from renewing its leases.
    """

    settings: Settings
    url: str
    bus: Bus

    def database(
        self, name: str, pool_size: int = 5, command_seconds: float = COMMAND_SECONDS, *, plan_once: bool = False
    ) -> Database:
        """Return connections to enter; what a frozen process has locked is free again well before its leases are."""
        frozen_seconds = self.settings.lease_seconds * FROZEN_SHARE
        return Database(self.url, pool_size, frozen_seconds, command_seconds, plan_once=plan_once, name=name)


@asynccontextmanager
async def _ground(settings: Settings, url: str, role: str) -> AsyncIterator[Ground]:
    if await restored.settle(url):
        logger.warning("This database was restored from a backup: whoever follows a stream is told of a gap.")
    async with (
        tracing.exporting(settings.otlp_endpoint, settings.trace_share, role, version("vedette")),
        Bus(url) as bus,
        asyncio.TaskGroup() as tasks,
    ):
        keeping = tasks.create_task(Keeper(url, settings).run(), name="keeper of history")
        yield Ground(settings, url, bus)
        keeping.cancel()


@asynccontextmanager
async def _serving(ground: Ground) -> AsyncIterator[str]:
    """Serve the API; yield its base address."""
    settings = ground.settings
    async with (
        ground.database("api", command_seconds=settings.execution_seconds) as database,
        workers.registered(database, "SERVE", socket.gethostname(), os.getpid()),
        sweeping(database, ground.bus, settings.poll_seconds),
    ):
        app = create_app(database, ground.bus, settings)
        async with (
            _probed(settings, create_probes(app, database, settings)),
            serve_http(app, settings.host, settings.port, settings) as server,
            attending(app, settings.drain_seconds),
        ):
            yield server.address


@asynccontextmanager
async def _probed(settings: Settings, app: Starlette) -> AsyncIterator[None]:
    """Serve health and metrics on a port of their own, if there is to be one."""
    if settings.health_port is None:
        yield
        return
    async with serve_http(app, settings.host, settings.health_port, settings) as server:
        logger.info("Health and metrics are at %s/readyz, /healthz and /metrics.", server.address)
        yield


@asynccontextmanager
async def _watched(ground: Ground, locations: CodeLocations) -> AsyncIterator[None]:
    """Serve the health of a process without the API: it is ready once all of its projects are loaded."""
    if ground.settings.health_port is None:
        yield
        return
    async with (
        ground.database("health", pool_size=1) as database,
        _probed(ground.settings, create_worker_app(database, locations.trouble)),
    ):
        yield


@asynccontextmanager
async def _evaluating(ground: Ground, locations: CodeLocations) -> AsyncIterator[None]:
    async with (
        # Its statements find rows by key, a few or many: the plan for few is good for many, and planning takes longer.
        ground.database("evaluator", plan_once=True) as database,
        workers.registered(database, "EVALUATE", socket.gethostname(), os.getpid()) as worker_id,
        sweeping(database, ground.bus, ground.settings.poll_seconds),
        asyncio.TaskGroup() as tasks,
    ):
        evaluator = Evaluator(database, ground.bus, locations, ground.settings, worker_id)
        running = [
            tasks.create_task(register(database, ground.bus, locations), name="registrar"),
            tasks.create_task(evaluator.run(), name="evaluator"),
        ]
        yield
        for task in running:
            task.cancel()


@asynccontextmanager
async def _launching(ground: Ground, locations: CodeLocations) -> AsyncIterator[None]:
    async with (
        # What a connection that carries nothing keeps waiting is a claim, which lasts for a lease.
        ground.database("launcher", command_seconds=ground.settings.lease_seconds, plan_once=True) as database,
        workers.registered(database, "LAUNCH", socket.gethostname(), os.getpid()) as worker_id,
        sweeping(database, ground.bus, ground.settings.poll_seconds),
        asyncio.TaskGroup() as tasks,
    ):
        launcher = Launcher(database, ground.bus, locations, ground.settings, worker_id)
        running = tasks.create_task(launcher.run(), name="launcher")
        yield
        running.cancel()


@asynccontextmanager
async def _locations(ground: Ground, targets: Mapping[str, str], watch: bool) -> AsyncIterator[CodeLocations]:
    async with (
        ground.database("code locations", pool_size=3) as database,
        Answers(database, ground.bus) as answers,
        CodeLocations(targets, ground.settings, watch=watch, answers=answers) as locations,
        asyncio.TaskGroup() as tasks,
    ):
        running = tasks.create_task(follow_reloads(database, ground.bus, locations), name="reloads")
        yield locations
        running.cancel()


async def _until_cancelled(announce: Announce, address: str) -> None:
    # What was imported stays: later collections need not look at it again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
    metrics.BUILD.labels(version("vedette")).set(1)
    announce(address)
    await asyncio.Event().wait()


async def dev(settings: Settings, url: str, targets: Mapping[str, str], watch: bool, announce: Announce) -> None:
    """Serve, evaluate and launch in one process until cancelled; `announce` is called with the API's base address.

    The API has a loop of its own: clients that flood it do not make leases late.
    """
    # Two threads: each waits so long at most for the other to hand the interpreter on.
    sys.setswitchinterval(SWITCH_SECONDS)
    async with (
        _ground(settings, url, "dev") as ground,
        own_loop(functools.partial(_serving, ground)) as address,
        _locations(ground, targets, watch) as locations,
        _evaluating(ground, locations),
        _launching(ground, locations),
    ):
        await _until_cancelled(announce, address)


async def serve(settings: Settings, url: str, announce: Announce) -> None:
    """Serve the API until cancelled."""
    async with _ground(settings, url, "serve") as ground, _serving(ground) as address:
        await _until_cancelled(announce, address)


async def evaluate(settings: Settings, url: str, targets: Mapping[str, str], watch: bool, announce: Announce) -> None:
    """Evaluate the sensors of `targets` until cancelled."""
    async with (
        _ground(settings, url, "evaluate") as ground,
        _locations(ground, targets, watch) as locations,
        _evaluating(ground, locations),
        _watched(ground, locations),
    ):
        await _until_cancelled(announce, "")


async def launch(settings: Settings, url: str, targets: Mapping[str, str], watch: bool, announce: Announce) -> None:
    """Execute the queued runs of `targets` until cancelled. Raises UsageError for an engine that there is not."""
    check_engine(settings)
    async with (
        _ground(settings, url, "launch") as ground,
        _locations(ground, targets, watch) as locations,
        _launching(ground, locations),
        _watched(ground, locations),
    ):
        await _until_cancelled(announce, "")
