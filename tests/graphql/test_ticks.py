from typing import Any

import pytest

import seeds
from serving import Api
from vedette.graphql import ids
from vedette.storage.database import Database

TICKS = "query($filter: TickFilter) { ticks(filter: $filter) { edges { node { number } } } }"


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        ({}, [4, 3, 2, 1]),
        ({"status": ["FAILURE", "SUCCESS"]}, [4, 2]),
        ({"sensorName": "inbox"}, [4, 3, 2, 1]),
        ({"sensorName": "other"}, []),
        ({"since": "2026-01-01T00:00:03Z"}, [4, 3]),
        ({"until": "2026-01-01T00:00:03Z"}, [2, 1]),
        ({"hasRuns": True}, [2]),
        ({"hasRuns": False}, [4, 3, 1]),
        ({"hasRuns": False, "status": ["SKIPPED"], "since": "2026-01-01T00:00:02Z"}, [3]),
    ],
)
async def test_ticks_are_filtered(api: Api, database: Database, wanted: Any, numbers: list[int]) -> None:
    await seeds.code_location(database)
    sensor = await seeds.sensor(database)
    await seeds.tick(database, sensor, 1)
    await seeds.tick(database, sensor, 2, "SUCCESS", launched_count=3)
    await seeds.tick(database, sensor, 3)
    await seeds.tick(database, sensor, 4, "FAILURE")
    data = await api.query(TICKS, filter=wanted)
    assert [edge["node"]["number"] for edge in data["ticks"]["edges"]] == numbers
    nested = """query($id: ID!, $filter: TickFilter) {
        sensor(by: {id: $id}) { ticks(filter: $filter) { edges { node { number } } } } }"""
    data = await api.query(nested, id=ids.encode("Sensor", sensor), filter=wanted)
    assert [edge["node"]["number"] for edge in data["sensor"]["ticks"]["edges"]] == numbers


async def test_a_tick_tells_all_of_it(api: Api, database: Database) -> None:
    await seeds.code_location(database)
    sensor = await seeds.sensor(database)
    error = '{"type": "E", "message": "m", "stack": ["a", "b"], "cause": {"type": "C", "message": "n", "stack": []}}'
    tick = await seeds.tick(database, sensor, 1, "SUCCESS", cursor_before="", cursor_after="b", repeats=2)
    await seeds.execute(database, "UPDATE ticks SET error = CAST(:error AS jsonb)", error=error)
    run = await seeds.run(database, 1, tick_id=tick, sensor_id=sensor)
    for index, outcome in enumerate(["LAUNCHED", "DUPLICATE"]):
        await seeds.execute(
            database,
            """INSERT INTO run_requests (tick_id, index, status, job_name, run_key, run_config, tags, outcome, run_id)
            VALUES (:tick, :index, 'SUCCESS', 'process', 'k', '{"a": 1}', '{"t": "v"}', :outcome, :run)""",
            tick=tick,
            index=index,
            outcome=outcome,
            run=run,
        )
    for seq, level in enumerate(["DEBUG", "ERROR"]):
        await seeds.execute(
            database,
            """INSERT INTO tick_logs (tick_id, seq, status, at, level, logger, message)
            VALUES (:tick, :seq, 'SUCCESS', now(), :level, 'sensor', 'hello')""",
            tick=tick,
            seq=seq,
            level=level,
        )
    data = await api.query(
        """query($id: ID!) { tick(id: $id) {
        number status startedAt durationSeconds cursorBefore cursorAfter repeats sensor { name }
        error { type stack cause { message cause { type } } }
        runRequests { edges { node { runKey jobName runConfig tags { key value } outcome run { id } } } }
        runs { edges { node { id } } }
        logs(minLevel: INFO) { edges { node { level logger } } } } }""",
        id=ids.encode("Tick", tick),
    )
    shown = data["tick"]
    request = {"runKey": "k", "jobName": "process", "runConfig": {"a": 1}, "tags": [{"key": "t", "value": "v"}]}
    assert [edge["node"] for edge in shown.pop("runRequests")["edges"]] == [
        {**request, "outcome": "LAUNCHED", "run": {"id": ids.encode("Run", run)}},
        {**request, "outcome": "DUPLICATE", "run": {"id": ids.encode("Run", run)}},
    ]
    assert shown == {
        "number": 1, "status": "SUCCESS", "startedAt": "2026-01-01T00:00:01+00:00", "durationSeconds": 0.5,
        "cursorBefore": "", "cursorAfter": "b", "repeats": 2, "sensor": {"name": "inbox"},
        "error": {"type": "E", "stack": ["a", "b"], "cause": {"message": "n", "cause": None}},
        "runs": {"edges": [{"node": {"id": ids.encode("Run", run)}}]},
        "logs": {"edges": [{"node": {"level": "ERROR", "logger": "sensor"}}]},
    }  # fmt: skip


async def test_counts_include_repeats_that_fall_into_the_window(api: Api, database: Database) -> None:
    await seeds.code_location(database)
    sensor = await seeds.sensor(database)
    await seeds.execute(
        database,
        f"""
        INSERT INTO ticks
            (id, sensor_id, number, status, cause, epoch, started_at, finished_at, repeats, last_repeat_at,
            launched_count)
        SELECT {seeds.id_at("now() - began")}, :sensor, number, status, 'INTERVAL', 1, now() - began, now() - ended,
            repeats, repeated, launched
        FROM (VALUES (1, 'SUCCESS', interval '5 s', interval '3 s', 0, NULL, 1),
            (2, 'SKIPPED', interval '99 s', interval '98 s', 99, now(), 0))
            AS given(number, status, began, ended, repeats, repeated, launched)
        """,
        sensor=sensor,
    )
    await seeds.execute(database, "UPDATE sensors SET last_tick_id = (SELECT id FROM ticks WHERE number = 2)")
    document = """query($seconds: Float!) { sensors { edges { node {
        tickCounts(windowSeconds: $seconds) { started skipped success failure durationP50Seconds } } } } }"""

    async def counts(seconds: float) -> Any:
        data = await api.query(document, seconds=seconds)
        return data["sensors"]["edges"][0]["node"]["tickCounts"]

    whole = await counts(1000)
    assert (whole["started"], whole["skipped"], whole["success"], whole["failure"]) == (0, 100, 1, 0)
    part = await counts(33)
    assert part["success"] == 1
    # A third of the repeats, give or take the time that passes meanwhile.
    assert 20 <= part["skipped"] <= 33
    assert part["durationP50Seconds"] == pytest.approx(2)
