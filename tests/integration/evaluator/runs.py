"""Runs that become something, as launchers write it, and user code of the test that reacts to them."""

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from sqlalchemy import text

from integration.evaluator.stage import Code, Row, Stage
from vedette.bus import Bus
from vedette.bus.topics import ASSETS, RUNS
from vedette.domain.assets import AssetEvent, AssetEventKind
from vedette.domain.catalog import AssetMonitor, MonitoredJob, RunMonitor, SensorKind, SensorSpec
from vedette.domain.ids import new_id
from vedette.domain.logs import ErrorInfo
from vedette.domain.reactions import Reaction, ReactionOutcome, SensorEvent
from vedette.domain.runs import Run, RunStatus
from vedette.domain.ticks import Evaluation, EvaluationInstruction, RequestedRun
from vedette.storage import outbox
from vedette.storage.assets import asset_events
from vedette.storage.assets.asset_events import ToldEvent

FAILED = ErrorInfo("ValueError", "poison")
Answer = Reaction | tuple[Reaction, RequestedRun]


def watching(name: str, *jobs: str, attempts: int = 10, **options: object) -> SensorSpec:
    """A sensor that watches for failed runs of its own code location."""
    monitor = RunMonitor(RunStatus.FAILURE, jobs=tuple(MonitoredJob(None, job) for job in jobs), attempts=attempts)
    return SensorSpec(name, SensorKind.RUN_STATUS, monitors=monitor, job_names=("load",), **options)  # type: ignore[arg-type]  # options of a spec


async def become(
    stage: Stage,
    bus: Bus,
    *jobs: str,
    status: RunStatus = RunStatus.FAILURE,
    location: str | None = None,
    knocks: bool = True,
) -> list[UUID]:
    """Let runs of `jobs` become `status`, in one transaction, and knock."""
    ids = [new_id() for _ in jobs]
    async with stage.database.writing() as connection:
        for run_id, job in zip(ids, jobs, strict=True):
            await connection.execute(
                text(
                    """INSERT INTO runs (id, code_location, job_name, status, run_config, tags, on_interrupted)
                    VALUES (:id, :location, :job, :status, '{}', '{}', 'fail')"""
                ),
                {"id": run_id, "location": location or stage.name, "job": job, "status": status.value},
            )
        await outbox.add_runs(connection, [(run_id, status.value) for run_id in ids])
        await outbox.forward(connection)
    if knocks:
        bus.knock(RUNS)
    return ids


def reacting(react: Callable[[SensorEvent], Awaitable[Answer | Exception | None]]) -> Code:
    """User code that handles events one by one, as hosts do."""

    async def evaluate(instruction: EvaluationInstruction) -> Evaluation:
        reactions: list[Reaction] = []
        requests: list[RequestedRun] = []
        failed: set[str] = set()
        for event in instruction.events or ():
            if event.key in failed:
                continue
            answer = await react(event)
            if isinstance(answer, Exception):
                failed.add(event.key)
                answer = Reaction(event.position, ReactionOutcome.FAILED, error=FAILED)
            if isinstance(answer, tuple):
                requests.append(answer[1])
                answer = answer[0]
            reactions.append(answer or Reaction(event.position, ReactionOutcome.REACTED))
        return Evaluation(reactions=tuple(reactions), run_requests=tuple(requests))

    return evaluate


async def reactions(stage: Stage, sensor_id: UUID) -> list[Row]:
    return await stage.rows("SELECT * FROM reactions WHERE sensor_id = :id ORDER BY tick_id, index", id=sensor_id)


def outcomes(rows: Sequence[Row]) -> list[tuple[UUID, str]]:
    return [(row["run_id"], row["outcome"]) for row in rows]


def watching_assets(name: str, *keys: tuple[str, ...]) -> SensorSpec:
    """A sensor that watches assets."""
    return SensorSpec(name, SensorKind.ASSET, monitors=AssetMonitor(keys), job_names=("load",))


async def materialize(stage: Stage, bus: Bus, key: tuple[str, ...], partition: str | None = None) -> None:
    """Tell that an asset was materialized, and knock."""
    event = AssetEvent(AssetEventKind.MATERIALIZATION, key, partition)
    async with stage.database.writing() as connection:
        await asset_events.append(connection, [ToldEvent(new_id(), 0, event)])
    bus.knock(ASSETS)


def run_of(event: SensorEvent) -> Run:
    assert event.run is not None
    return event.run
