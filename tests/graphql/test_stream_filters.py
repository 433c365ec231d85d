"""Filters of the subscriptions of ticks, runs and events of assets against plain Python."""

from typing import Any
from uuid import UUID

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import seeds
from serving import Api
from stream_items import filtered, items_until_now, reached
from vedette.domain.assets import AssetEventKind, CheckOutcome
from vedette.graphql import ids
from vedette.storage.database import Database

EXAMPLES = settings(max_examples=15, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
PLACES = st.integers(0, 12)
Change = dict[str, Any]
# The places of a sensor in SENSORS, and what the filters of ticks and runs name it by.
SENSORS = [("inbox", "shop"), ("outbox", "shop"), ("inbox", "farm")]
PICKS = st.integers(0, len(SENSORS) - 1)


def moments(since_and_until: Change) -> Change:
    """Return a filter with moments for the seconds that it has."""
    return {
        name: seeds.after(value).isoformat() if name in {"since", "until"} else value
        for name, value in since_and_until.items()
    }


def filters(values: Change) -> list[Change]:
    """Return a filter of nothing, of each of these alone, and of each with the one after it."""
    names = list(values)
    pairs = zip(names, [*names[1:], names[0]], strict=True)
    return [{name: values[name] for name in chosen} for chosen in [(), *((name,) for name in names), *pairs]]


def is_in_time(wanted: Change, place: int) -> bool:
    return bool(wanted.get("since", 0) <= place < wanted.get("until", 100))


async def sensors_of_all(database: Database) -> list[UUID]:
    for location in ("shop", "farm"):
        await seeds.code_location(database, location)
    return [await seeds.sensor(database, *each) for each in SENSORS]


# Ticks

TICKS = filtered("ticks", "Tick", "TickChanged", "tick { number status }")
TICK_ENDS = ["SUCCESS", "SKIPPED", "FAILURE"]
# Each begins; those that end do so after others have begun.
SOME_TICKS = st.lists(st.tuples(PICKS, PLACES, st.none() | st.sampled_from(TICK_ENDS)), min_size=2, max_size=8)
TICK_FILTERS = st.fixed_dictionaries(
    {
        "sensor": PICKS,
        "sensorName": st.sampled_from(["inbox", "outbox", "gone"]),
        "status": st.none() | st.lists(st.sampled_from(["STARTED", *TICK_ENDS]), max_size=3),
        "since": PLACES,
        "until": PLACES,
        "hasRuns": st.sampled_from([True, False, None]),
    },
)


def tick_passes(change: Change, wanted: Change) -> bool:
    return (
        wanted.get("sensor") in {None, change["sensor"]}
        and wanted.get("sensorName") in {None, SENSORS[change["sensor"]][0]}
        and (not wanted.get("status") or change["status"] in wanted["status"])
        and is_in_time(wanted, change["place"])
        # Of a tick that has begun nobody knows that it will launch runs.
        and wanted.get("hasRuns") in {None, change["status"] == "SUCCESS"}
    )


@EXAMPLES
@given(rows=SOME_TICKS, values=TICK_FILTERS)
async def test_ticks(api: Api, database: Database, rows: list[Any], values: Change) -> None:
    await seeds.execute(database, "TRUNCATE ticks, sensors, code_locations CASCADE")
    sensors = await sensors_of_all(database)
    begin = await reached(database, "ticks")
    changes: list[Change] = []
    made = []
    for number, (sensor, place, _) in enumerate(rows, 1):
        changes.append({"sensor": sensor, "place": place, "number": number, "status": "STARTED"})
        key = await seeds.tick(database, sensors[sensor], number, "STARTED", started_at=seeds.after(place))
        made.append(key)
    for number, (sensor, place, status) in enumerate(rows, 1):
        if status:
            changes.append({"sensor": sensor, "place": place, "number": number, "status": status})
            await seeds.end_tick(database, made[number - 1], status)
    for wanted in filters(values):
        asked = moments({name: value for name, value in wanted.items() if name != "sensor"})
        if "sensor" in wanted:
            asked["sensorId"] = ids.encode("Sensor", sensors[wanted["sensor"]])
        found = await items_until_now(api, database, "ticks", TICKS, begin, asked)
        assert [(int(item["position"]), item["tick"]["number"], item["tick"]["status"]) for item in found] == [
            (position, change["number"], change["status"])
            for position, change in enumerate(changes, begin + 1)
            if tick_passes(change, wanted)
        ]


# Runs

RUNS = filtered("runs", "Run", "RunChanged", "run { id status }")
RUN_KINDS = {"STARTED": "RUN_STARTED", "SUCCESS": "RUN_SUCCESS", "FAILURE": "RUN_FAILURE"}
TAGS = st.dictionaries(st.sampled_from(["team", "size"]), st.sampled_from(["x", "y"]))
SOME_RUNS = st.lists(
    st.fixed_dictionaries(
        {
            # The sensor that asked for it by which of its two ticks; None: a person did.
            "sensor": st.none() | PICKS,
            "tick": st.integers(0, 1),
            "job": st.sampled_from(["load", "clean"]),
            "key": st.none() | st.sampled_from(["a", "b"]),
            "tags": TAGS,
            "place": PLACES,
            "becomes": st.sampled_from([[], ["STARTED"], ["STARTED", "SUCCESS"], ["STARTED", "FAILURE"]]),
        }
    ),
    min_size=2,
    max_size=6,
)
RUN_FILTERS = st.fixed_dictionaries(
    {
        "sensor": PICKS,
        "tick": st.tuples(PICKS, st.integers(0, 1)),
        "jobName": st.sampled_from(["load", "gone"]),
        "status": st.none() | st.lists(st.sampled_from(["QUEUED", *RUN_KINDS]), max_size=3),
        "runKey": st.none() | st.sampled_from(["a", "c"]),
        "tag": st.lists(
            st.fixed_dictionaries(
                {"key": st.sampled_from(["team", "size", "gone"])},
                optional={"value": st.none() | st.sampled_from(["x", "z"])},
            ),
            max_size=2,
        ),
        "since": PLACES,
        "until": PLACES,
    },
)


def run_passes(change: Change, wanted: Change) -> bool:
    tick = None if change["sensor"] is None else (change["sensor"], change["tick"])
    tags = change["tags"]
    return (
        ("sensor" not in wanted or wanted["sensor"] == change["sensor"])
        and ("tick" not in wanted or wanted["tick"] == tick)
        and wanted.get("jobName") in {None, change["job"]}
        and (not wanted.get("status") or change["status"] in wanted["status"])
        and wanted.get("runKey") in {None, change["key"]}
        and all(tag["key"] in tags and tag.get("value") in {None, tags[tag["key"]]} for tag in wanted.get("tag", []))
        and is_in_time(wanted, change["place"])
    )


@EXAMPLES
@given(rows=SOME_RUNS, values=RUN_FILTERS)
async def test_runs(api: Api, database: Database, rows: list[Change], values: Change) -> None:
    await seeds.execute(database, "TRUNCATE runs, ticks, sensors, code_locations CASCADE")
    sensors = await sensors_of_all(database)
    ticks = [[await seeds.tick(database, sensor, number, "SUCCESS") for number in (1, 2)] for sensor in sensors]
    begin = await reached(database, "runs")
    changes: list[Change] = []
    made = []
    for row in rows:
        asking: dict[str, Any] = {} if row["sensor"] is None else {
            "sensor_id": sensors[row["sensor"]], "tick_id": ticks[row["sensor"]][row["tick"]]
        }  # fmt: skip
        columns = {"job_name": row["job"], "run_key": row["key"], "tags": msgspec.json.encode(row["tags"]).decode()}
        made.append(await seeds.run(database, row["place"], **columns, **asking))
        changes.append(row | {"id": made[-1], "status": "QUEUED"})
    for key, row in zip(made, rows, strict=True):
        for status in row["becomes"]:
            await seeds.run_event(database, key, RUN_KINDS[status], status)
            changes.append(row | {"id": key, "status": status})
    for wanted in filters(values):
        asked = moments({name: value for name, value in wanted.items() if name not in {"sensor", "tick"}})
        if "sensor" in wanted:
            asked["sensorId"] = ids.encode("Sensor", sensors[wanted["sensor"]])
        if "tick" in wanted:
            sensor, tick = wanted["tick"]
            asked["tickId"] = ids.encode("Tick", ticks[sensor][tick])
        found = await items_until_now(api, database, "runs", RUNS, begin, asked)
        assert [(int(item["position"]), item["run"]["id"], item["run"]["status"]) for item in found] == [
            (position, ids.encode("Run", change["id"]), change["status"])
            for position, change in enumerate(changes, begin + 1)
            if run_passes(change, wanted)
        ]


# Events of assets

EVENTS = filtered("assetEvents", "AssetEvent", "AssetEventAdded", "event { __typename partitionKey asset { key } }")
TYPES = {"MATERIALIZATION": "Materialization", "OBSERVATION": "Observation", "CHECK": "AssetCheckEvaluation"}
KEYS = [["a"], ["a", "b"], ["a", "b", "c"], ["ab"]]
SOME_EVENTS = st.lists(
    st.tuples(st.sampled_from(KEYS), st.sampled_from(AssetEventKind), st.none() | st.sampled_from(["x", "y"])),
    max_size=8,
)
EVENT_FILTERS = st.fixed_dictionaries(
    {
        "assetKeys": st.none() | st.lists(st.sampled_from([*KEYS, ["gone"]]), max_size=3),
        "keyPrefix": st.none() | st.sampled_from([[], ["a"], ["a", "b"], ["gone"]]),
        "kind": st.none() | st.lists(st.sampled_from([kind.value for kind in AssetEventKind]), max_size=2),
        "partitionKey": st.none() | st.sampled_from(["x", "z"]),
    },
)


def event_passes(event: Any, wanted: Change) -> bool:
    key, kind, partition_key = event
    prefix: list[str] = wanted.get("keyPrefix") or []
    keys = wanted.get("assetKeys")
    return (
        (keys is None or key in keys)
        and key[: len(prefix)] == prefix
        and (not wanted.get("kind") or kind in wanted["kind"])
        and wanted.get("partitionKey") in {None, partition_key}
    )


@EXAMPLES
@given(events=SOME_EVENTS, values=EVENT_FILTERS)
async def test_events_of_assets(api: Api, database: Database, events: list[Any], values: Change) -> None:
    begin = await reached(database, "assets")
    for key, kind, partition_key in events:
        check = CheckOutcome("fresh", passed=True) if kind is AssetEventKind.CHECK else None
        await seeds.asset_event(database, "/".join(key), kind, partition_key=partition_key, check=check)
    for wanted in filters(values):
        found = await items_until_now(api, database, "assets", EVENTS, begin, wanted)
        shown = [(int(item["position"]), item["event"]) for item in found]
        assert shown == [
            (position, {"__typename": TYPES[event[1]], "partitionKey": event[2], "asset": {"key": event[0]}})
            for position, event in enumerate(events, begin + 1)
            if event_passes(event, wanted)
        ]
