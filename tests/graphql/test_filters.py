"""Filters of sensors, jobs, runs and the audit log, and of their subscriptions, against plain Python, over the API."""

from typing import Any
from uuid import UUID

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import seeds
from serving import Api
from stream_items import filtered, items_until_now, reached
from vedette.domain.catalog import JobSpec, SensorKind, SensorSpec, SensorStatus
from vedette.graphql import ids
from vedette.storage import streams
from vedette.storage.database import Database

EXAMPLES = settings(max_examples=25, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
NAMES = ["inbox", "INBOX_2", "in%box", "in_box", "outbox", "ä\\o"]
LOCATIONS = ["shop", "farm"]
TAGS = st.dictionaries(st.sampled_from(["team", "size"]), st.sampled_from(["x", "y"]))
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.sampled_from(NAMES),
            "location": st.sampled_from(LOCATIONS),
            "status": st.sampled_from(SensorStatus),
            "kind": st.sampled_from([SensorKind.STANDARD, SensorKind.ASSET, SensorKind.RUN_STATUS]),
            "tags": TAGS,
            "loaded": st.booleans(),
            "evaluating": st.booleans(),
            "late": st.booleans(),
            "failures": st.integers(0, 1),
        }
    ),
    max_size=8,
    unique_by=lambda row: (row["location"], row["name"]),
)
TEXTS = st.none() | st.sampled_from(["", "box", "BOX", "in%", "_", "\\", "nothing"])
WANTED = st.fixed_dictionaries(
    {},
    optional={
        "codeLocation": st.sampled_from([*LOCATIONS, "gone"]),
        "nameContains": TEXTS,
        "status": st.sampled_from(["RUNNING", "STOPPED"]),
        "kind": st.sampled_from([kind.value for kind in SensorKind]),
        "condition": st.sampled_from(["WAITING", "EVALUATING", "BACKING_OFF", "OVERDUE", "STOPPED", "UNLOADED"]),
        "tag": st.fixed_dictionaries(
            {"key": st.sampled_from(["team", "gone"])}, optional={"value": st.none() | st.sampled_from(["x", "z"])}
        ),
    },
)
SENSORS = """query($filter: SensorFilter) { sensors(filter: $filter, first: 100) {
  edges { node { name codeLocation { name } condition { kind } } } } }"""
CHANGES = filtered("sensors", "Sensor", "SensorChanged", "sensor { id }")
INSERT = """
INSERT INTO sensors (id, code_location, name, loaded, spec, shard, status, status_source, next_tick_at,
    evaluating_tick_id, consecutive_failures)
VALUES (gen_random_uuid(), :location, :name, :loaded, CAST(:spec AS jsonb), 0, :status, 'CODE',
    now() + make_interval(secs => :due), CASE WHEN :evaluating THEN gen_random_uuid() END, :failures) RETURNING id
"""


def condition(row: Any) -> str:
    if not row["loaded"]:
        return "UNLOADED"
    if row["status"] is SensorStatus.STOPPED:
        return "STOPPED"
    if row["evaluating"]:
        return "EVALUATING"
    if row["late"]:
        return "OVERDUE"
    return "BACKING_OFF" if row["failures"] else "WAITING"


def passes(row: Any, wanted: Any) -> bool:
    tag = wanted.get("tag")
    return (
        wanted.get("codeLocation") in {None, row["location"]}
        and (wanted.get("nameContains") or "").lower() in row["name"].lower()
        and wanted.get("status") in {None, row["status"]}
        and wanted.get("kind") in {None, row["kind"]}
        and wanted.get("condition") in {None, condition(row)}
        and (tag is None or (tag["key"] in row["tags"] and tag.get("value") in {None, row["tags"][tag["key"]]}))
    )


@EXAMPLES
@given(rows=ROWS, wanted=WANTED, turns=st.lists(st.integers(0, 7), max_size=12))
async def test_sensors(api: Api, database: Database, rows: Any, wanted: Any, turns: list[int]) -> None:
    await seeds.execute(database, "DELETE FROM sensors")
    await seeds.execute(database, "DELETE FROM code_locations")
    for location in LOCATIONS:
        await seeds.code_location(database, location)
    made: list[UUID] = []
    for row in rows:
        spec = SensorSpec(name=row["name"], kind=row["kind"], tags=row["tags"])
        columns = {key: row[key] for key in ("location", "name", "loaded", "status", "evaluating", "failures")}
        due = -3600 if row["late"] else 3600
        given_spec = msgspec.json.encode(spec).decode()
        made += [key for (key,) in await seeds.execute(database, INSERT, **columns, due=due, spec=given_spec)]
    found = [edge["node"] for edge in (await api.query(SENSORS, filter=wanted))["sensors"]["edges"]]
    expected = {(row["location"], row["name"]): condition(row) for row in rows if passes(row, wanted)}
    assert {(one["codeLocation"]["name"], one["name"]): one["condition"]["kind"] for one in found} == expected
    assert len(found) == len(expected)

    begin = await reached(database, "sensors")
    changed = [turn % len(rows) for turn in turns if rows]
    async with database.writing() as connection:
        await streams.append_sensors(connection, [made[index] for index in changed])
    # Changes that are read together are told as one, the last.
    last = {index: position for position, index in enumerate(changed, begin + 1)}
    items = await items_until_now(api, database, "sensors", CHANGES, begin, wanted)
    assert [(int(item["position"]), item["sensor"]["id"]) for item in items] == sorted(
        (position, ids.encode("Sensor", made[index])) for index, position in last.items() if passes(rows[index], wanted)
    )


JOBS = "query($filter: JobFilter) { jobs(filter: $filter, first: 100) { edges { node { name } } } }"


@EXAMPLES
@given(
    names=st.lists(st.sampled_from(NAMES), unique=True),
    gone=st.sampled_from(NAMES),
    contains=TEXTS,
    location=st.none() | st.sampled_from(["shop", "gone"]),
)
async def test_jobs(
    api: Api, database: Database, names: list[str], gone: str, contains: str | None, location: str | None
) -> None:
    await seeds.execute(database, "DELETE FROM jobs")
    await seeds.execute(database, "DELETE FROM code_locations")
    await seeds.code_location(database)
    for name in names:
        await seeds.job(database, JobSpec(name=name))
    await seeds.execute(database, "UPDATE jobs SET loaded = false WHERE name = :gone", gone=gone)
    data = await api.query(JOBS, filter={"nameContains": contains, "codeLocation": location})
    expected = [
        name
        for name in names
        if name != gone and (contains or "").lower() in name.lower() and location in {None, "shop"}
    ]
    assert sorted(edge["node"]["name"] for edge in data["jobs"]["edges"]) == sorted(expected)


RUNS = "query($filter: RunFilter) { runs(filter: $filter, first: 100) { edges { node { id } } } }"


async def test_runs_of_a_sensor_and_of_a_tick(api: Api, database: Database) -> None:
    await seeds.code_location(database)
    sensors = await seeds.sensors(database, [SensorSpec(name="a"), SensorSpec(name="b")])
    ticks = [await seeds.tick(database, sensor, number) for sensor in sensors for number in (1, 2)]
    made: list[tuple[Any, Any, Any]] = []
    for number, tick in enumerate(ticks):
        sensor = sensors[number // 2]
        made += [(sensor, tick, await seeds.run(database, number, sensor_id=sensor, tick_id=tick)) for _ in range(2)]
    for wanted_sensor in [None, *sensors]:
        for wanted_tick in [None, *ticks]:
            wanted = {
                "sensorId": wanted_sensor and ids.encode("Sensor", wanted_sensor),
                "tickId": wanted_tick and ids.encode("Tick", wanted_tick),
            }
            found = (await api.query(RUNS, filter=wanted))["runs"]["edges"]
            expected = {
                ids.encode("Run", run)
                for sensor, tick, run in made
                if wanted_sensor in {None, sensor} and wanted_tick in {None, tick}
            }
            assert {edge["node"]["id"] for edge in found} == expected


ENTRIES = """
INSERT INTO audit_log (position, at, actor, address, mutation, result, subject_kind, subject_id, code_location)
SELECT n, CAST(:at AS timestamptz) + n * interval '1 s', 'actor' || n % 2, '', 'mutation' || n % 3, 'result' || n % 5,
    CASE WHEN n % 7 < 2 THEN 'Sensor' END, CASE WHEN n % 7 < 2 THEN CAST(:subject || n % 7 AS uuid) END,
    CASE WHEN n % 4 < 3 THEN 'location' || n % 4 END
FROM generate_series(1, 90) AS n
"""
SUBJECT = "00000000-0000-7000-8000-00000000000"
ENTRIES_ADDED = filtered("auditLog", "Audit", "AuditEntryAdded", "entry { position }")
AUDIT = "query($filter: AuditFilter) { auditLog(filter: $filter, first: 100) { edges { node { position } } } }"


def moment(place: int) -> str:
    return seeds.after(place).isoformat()


@EXAMPLES
@given(
    wanted=st.fixed_dictionaries(
        {},
        optional={
            "actor": st.sampled_from(["actor0", "actor1", "nobody"]),
            "mutation": st.sampled_from(["mutation0", "mutation2"]),
            "result": st.sampled_from(["result0", "result4"]),
            "codeLocation": st.sampled_from(["location0", "location2", "gone"]),
            "subject": st.integers(0, 2),
            "position": st.integers(1, 91),
            "since": st.integers(0, 91),
            "until": st.integers(0, 91),
        },
    )
)
async def test_the_audit_log(api: Api, database: Database, wanted: dict[str, Any]) -> None:
    if not await seeds.execute(database, "SELECT 1 FROM audit_log LIMIT 1"):
        await seeds.execute(database, ENTRIES, at=seeds.START, subject=SUBJECT)
        await seeds.execute(database, "UPDATE streams SET position = 90 WHERE name = 'audit'")

    def passes(place: int) -> bool:
        location = f"location{place % 4}" if place % 4 < 3 else None
        told = {"actor": f"actor{place % 2}", "mutation": f"mutation{place % 3}", "result": f"result{place % 5}",
            "codeLocation": location, "subject": place % 7 if place % 7 < 2 else None, "position": place}  # fmt: skip
        is_in_time = wanted.get("since", 0) <= place < wanted.get("until", 100)
        return is_in_time and all(told[name] == value for name, value in wanted.items() if name in told)

    asked = {name: value for name, value in wanted.items() if name not in {"subject", "position", "since", "until"}}
    asked |= {name: moment(wanted[name]) for name in ("since", "until") if name in wanted}
    if "subject" in wanted:
        asked["subjectId"] = ids.encode("Sensor", UUID(f"{SUBJECT}{wanted['subject']}"))
    if "position" in wanted:
        asked["position"] = str(wanted["position"])
    found = [int(edge["node"]["position"]) for edge in (await api.query(AUDIT, filter=asked))["auditLog"]["edges"]]
    assert found == [place for place in range(90, 0, -1) if passes(place)]
    items = await items_until_now(api, database, "audit", ENTRIES_ADDED, 0, asked)
    assert [int(item["entry"]["position"]) for item in items] == [place for place in range(1, 91) if passes(place)]
