"""Every mutation with an input that works, and a world in which it does."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import seeds
from vedette.bus import Bus, topics
from vedette.domain.catalog import JobSpec, OpSpec
from vedette.domain.partitions import PartitionChange, PartitionChangeKind
from vedette.domain.ticks import Evaluation
from vedette.graphql import ids
from vedette.storage.database import Database
from vedette.storage.runs import run_limits
from vedette.storage.ticks import evaluation_requests, partition_verdicts
from vedette.storage.ticks.evaluation_requests import Answer


class World(NamedTuple):
    """Global ids of what there is; `ended` is a run that failed."""

    location: str
    sensor: str
    job: str
    queued: str
    ended: str
    token: str
    limit: str


def _document(field: str, input_type: str, selected: str) -> str:
    return f"""mutation($input: {input_type}!) {{ {field}(input: $input) {{
        {selected} errors {{ __typename message path }} }} }}"""


MUTATIONS = {
    "startSensor": _document("startSensor", "StartSensorInput", "sensor { id status }"),
    "stopSensor": _document("stopSensor", "StopSensorInput", "sensor { id status statusReason { note } }"),
    "resetSensor": _document("resetSensor", "ResetSensorInput", "sensor { id status }"),
    "startSensors": _document("startSensors", "StartSensorsInput", "results { sensorId status error { message } }"),
    "stopSensors": _document("stopSensors", "StopSensorsInput", "results { sensorId status error { message } }"),
    "resetSensors": _document("resetSensors", "ResetSensorsInput", "results { sensorId status error { message } }"),
    "setSensorCursor": _document("setSensorCursor", "SetSensorCursorInput", "sensor { cursor { value version } }"),
    "evaluateSensor": _document("evaluateSensor", "EvaluateSensorInput", "evaluation { skipReason durationSeconds }"),
    "tickSensor": _document("tickSensor", "TickSensorInput", "tick { id number }"),
    "launchRun": _document("launchRun", "LaunchRunInput", "run { id runKey }"),
    "cancelRun": _document("cancelRun", "CancelRunInput", "run { id status }"),
    "rerun": _document("rerun", "RerunInput", "run { id rerunOf { id } }"),
    "releaseRunKey": _document("releaseRunKey", "ReleaseRunKeyInput", "runKey { runKey }"),
    "addDynamicPartition": _document("addDynamicPartition", "AddDynamicPartitionInput", "change { keys skippedKeys }"),
    "deleteDynamicPartitions": _document(
        "deleteDynamicPartitions", "DeleteDynamicPartitionsInput", "change { keys skippedKeys }"
    ),
    "reloadCodeLocation": _document("reloadCodeLocation", "ReloadCodeLocationInput", "codeLocation { id }"),
    "reportAssetEvent": _document("reportAssetEvent", "ReportAssetEventInput", "event { __typename }"),
    "wipeAssets": _document("wipeAssets", "WipeAssetsInput", "assets { id }"),
    "createToken": _document("createToken", "CreateTokenInput", "token { id name }"),
    "revokeToken": _document("revokeToken", "RevokeTokenInput", "token { id }"),
    "setRunLimit": _document("setRunLimit", "SetRunLimitInput", "runLimit { id maxConcurrentRuns }"),
    "removeRunLimit": _document("removeRunLimit", "RemoveRunLimitInput", "runLimit { id }"),
}
INPUTS: dict[str, Callable[[World], dict[str, Any]]] = {
    "startSensor": lambda world: {"sensorId": world.sensor},
    "stopSensor": lambda world: {"sensorId": world.sensor, "note": "full"},
    "resetSensor": lambda world: {"sensorId": world.sensor},
    "startSensors": lambda world: {"sensorIds": [world.sensor]},
    "stopSensors": lambda world: {"sensorIds": [world.sensor], "note": "full"},
    "resetSensors": lambda world: {"sensorIds": [world.sensor]},
    "setSensorCursor": lambda world: {"sensorId": world.sensor, "cursor": "a", "expectedVersion": 0},
    "evaluateSensor": lambda world: {"sensorId": world.sensor},
    "tickSensor": lambda world: {"sensorId": world.sensor},
    "launchRun": lambda world: {"jobName": "process", "runKey": "today"},
    "cancelRun": lambda world: {"runId": world.queued},
    "rerun": lambda world: {"runId": world.ended},
    "releaseRunKey": lambda world: {"jobId": world.job, "runKey": "spent"},
    "addDynamicPartition": lambda _: {"partitionsDefinition": "images", "key": "a.png"},
    "deleteDynamicPartitions": lambda _: {"partitionsDefinition": "images", "keys": ["old.png"]},
    "reloadCodeLocation": lambda world: {"codeLocationId": world.location},
    "reportAssetEvent": lambda _: {"assetKey": ["numbers"], "description": "by hand"},
    "wipeAssets": lambda _: {"assetKeys": [["words"]]},
    "createToken": lambda _: {"name": "dashboard", "role": "VIEWER"},
    "revokeToken": lambda world: {"tokenId": world.token},
    "setRunLimit": lambda world: {"jobId": world.job, "maxConcurrentRuns": 4},
    "removeRunLimit": lambda world: {"runLimitId": world.limit},
}


EFFECTS = """
SELECT (SELECT count(*) FROM sensor_changes), (SELECT count(*) FROM cursor_changes), (SELECT count(*) FROM runs),
    (SELECT count(*) FROM run_changes), (SELECT count(*) FROM evaluation_requests),
    (SELECT sum(reload_asked) FROM code_locations),
    (SELECT -count(*) FROM run_keys WHERE run_key = 'spent'),
    (SELECT sum(added_count) FROM dynamic_partitions_definitions),
    (SELECT sum(added_count - key_count) FROM dynamic_partitions_definitions),
    (SELECT count(*) FROM asset_events), (SELECT sum(coalesce(wiped_position, 0)) FROM assets),
    (SELECT count(*) FROM tokens), (SELECT count(revoked_at) FROM tokens),
    (SELECT count(*) FROM run_limits WHERE max_runs = 4), (SELECT -count(*) FROM run_limits WHERE max_runs = 2)
"""


async def effects(database: Database) -> tuple[Any, ...]:
    """Count what mutations leave behind."""
    [counted] = await seeds.execute(database, EFFECTS)
    return tuple(counted)


@asynccontextmanager
async def seeded(database: Database, bus: Bus, *, working: bool = True) -> AsyncIterator[World]:
    """Fill a database; with `working`, somebody takes evaluations and reloads."""
    location = await seeds.code_location(database)
    job = await seeds.job(database, JobSpec(name="process", ops=(OpSpec("load"), OpSpec("report", None, ("load",)))))
    sensor = await seeds.sensor(database)
    queued = await seeds.run(database, 1)
    ended = await seeds.run(database, 2, "FAILURE")
    spent = "INSERT INTO run_keys (scope, run_key, run_id) VALUES (:job, 'spent', :run)"
    await seeds.execute(database, spent, job=job, run=ended)
    await seeds.asset_event(database, "words")
    old = PartitionChange(PartitionChangeKind.ADD, "images", ("old.png",))
    async with database.writing() as connection:
        await partition_verdicts.change_by_hand(connection, old)
        limit = await run_limits.put(connection, ("tag", "team", "data"), 2, "somebody")
    world = World(
        ids.encode("CodeLocation", location),
        ids.encode("Sensor", sensor),
        ids.encode("Job", job),
        ids.encode("Run", queued),
        ids.encode("Run", ended),
        ids.encode("ApiToken", await seeds.token(database, "spare")),
        ids.encode("RunLimit", limit),
    )
    async with asyncio.TaskGroup() as tasks:
        work = tasks.create_task(_work(database, bus)) if working else None
        yield world
        if work is not None:
            work.cancel()


async def _work(database: Database, bus: Bus) -> None:
    with bus.listen(topics.EVALUATIONS, topics.CODE_LOCATIONS) as listener:
        number = 0
        while True:
            reload = (
                "UPDATE code_locations SET reload_done = reload_asked WHERE reload_done < reload_asked RETURNING id"
            )
            done = len(await seeds.execute(database, reload))
            statement = "UPDATE evaluation_requests SET state = 'TAKEN' WHERE state IS NULL RETURNING *"
            for request in await seeds.execute(database, statement):
                number += 1
                done += 1
                await _answer(database, request, number)
            if done:
                bus.knock(topics.ANSWERS, topics.CODE_LOCATIONS)
            await listener.wait(0.1)


async def _answer(database: Database, request: Any, number: int) -> None:
    if request.kind == "PREVIEW":
        evaluation = Evaluation(skip_reason="nothing new", duration_seconds=0.25)
        async with database.writing() as connection:
            await evaluation_requests.answer(connection, request.id, Answer(evaluation, None, 0))
        return
    tick = await seeds.tick(database, request.sensor_id, number)
    statement = "UPDATE evaluation_requests SET state = 'DONE', tick_id = :tick WHERE id = :id"
    await seeds.execute(database, statement, tick=tick, id=request.id)
