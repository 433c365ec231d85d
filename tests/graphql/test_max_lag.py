"""The lag objective of a sensor: when it is breached, how that is told, and that lists and the sensor say the same."""

import re
from typing import Any

import pytest

import seeds
from scraping import scrape, value
from serving import Api
from vedette.domain.catalog import SensorStatus
from vedette.storage.database import Database

SENSOR = '{ sensor(by: {name: {name: "inbox"}}) { maxLagSeconds lagSeconds condition { kind message } } }'
IN_CONDITION = "query($kind: SensorConditionKind!) { sensors(filter: {condition: $kind}) { edges { node { name } } } }"
KINDS = ("WAITING", "EVALUATING", "BACKING_OFF", "OVERDUE", "STOPPED", "UNLOADED")


async def stand(database: Database, late: float, *, evaluating: bool = False, **spec: Any) -> None:
    """Make a running sensor that was due `late` seconds ago."""
    await seeds.code_location(database)
    await seeds.sensor(database, default_status=SensorStatus.RUNNING, minimum_interval_seconds=10.0, **spec)
    tick = "gen_random_uuid()" if evaluating else "NULL"
    due = f"next_tick_at = now() - interval '{late} s', evaluating_tick_id = {tick}"
    await seeds.execute(database, f"UPDATE sensors SET {due}")


@pytest.mark.parametrize(
    ("late", "evaluating", "max_lag", "kind"),
    [
        (3, False, None, "WAITING"),
        (8, False, None, "OVERDUE"),
        (3, False, 2.0, "OVERDUE"),
        (8, False, 20.0, "WAITING"),
        (25, False, 20.0, "OVERDUE"),
        # An evaluation that goes on: the next is due an interval (10 s) after this one was.
        (600, True, None, "EVALUATING"),
        (25, True, 20.0, "EVALUATING"),
        (35, True, 20.0, "OVERDUE"),
    ],
)
async def test_a_sensor_is_overdue_once_it_is_later_than_its_objective(
    api: Api, database: Database, late: float, evaluating: bool, max_lag: float | None, kind: str
) -> None:
    await stand(database, late, evaluating=evaluating, max_lag_seconds=max_lag)
    found = (await api.query(SENSOR))["sensor"]
    assert (found["maxLagSeconds"], found["condition"]["kind"]) == (max_lag, kind)
    listed = {
        each: [edge["node"]["name"] for edge in (await api.query(IN_CONDITION, kind=each))["sensors"]["edges"]]
        for each in KINDS
    }
    assert listed == {each: ["inbox"] if each == kind else [] for each in KINDS}
    counted = await scrape(api)
    assert value(counted, "vedette_sensors_overdue") == (kind == "OVERDUE")
    assert value(counted, "vedette_lag_objectives_breached") == (kind == "OVERDUE" and max_lag is not None)


async def test_it_says_how_late_it_is_how_late_it_may_be_and_why(api: Api, database: Database) -> None:
    await stand(database, 90, max_lag_seconds=20.0)
    said = (await api.query(SENSOR))["sensor"]["condition"]["message"]
    assert re.match(r"It was due 9\d s ago \(its max_lag is 20 s\): no evaluator is alive", said), said
    await seeds.execute(database, "UPDATE sensors SET evaluating_tick_id = gen_random_uuid()")
    said = (await api.query(SENSOR))["sensor"]["condition"]["message"]
    assert said.startswith("Its evaluation goes on, and the next one was due ")
    assert "max_lag" in said
