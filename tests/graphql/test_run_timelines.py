"""Runs over time by job: each by itself, or counted."""

from datetime import datetime
from typing import Any

import pytest

import seeds
from serving import Api
from statements import counted_statements
from vedette.storage.database import Database

DOCUMENT = """
query($since: DateTime!, $until: DateTime!, $seconds: Float!, $first: Int! = 50, $perJob: Int! = 50) {
  runTimeline(since: $since, until: $until, seconds: $seconds, first: $first, perJob: $perJob) {
    jobCount jobs { codeLocation jobName runCount runs { id status queuedAt startedAt finishedAt }
      buckets { startedAt active success failure canceled } } } }
"""


async def asked(api: Api, since: float, until: float, seconds: float = 10, **more: Any) -> Any:
    span = {"since": seeds.after(since).isoformat(), "until": seeds.after(until).isoformat(), "seconds": seconds}
    return (await api.query(DOCUMENT, **span, **more))["runTimeline"]


def ended(start: float, end: float) -> dict[str, datetime]:
    return {"started_at": seeds.after(start), "finished_at": seeds.after(end)}


def seconds(moment: str | None) -> float | None:
    return None if moment is None else (datetime.fromisoformat(moment) - seeds.START).total_seconds()


async def test_every_run_that_was_there_in_the_span_is_told(api: Api, database: Database) -> None:
    await seeds.run(database, 10, "SUCCESS", **ended(11, 15))
    await seeds.run(database, 80, "SUCCESS", **ended(90, 120))
    await seeds.run(database, 90, "FAILURE", **ended(91, 99))
    await seeds.run(database, 95, "STARTED", started_at=seeds.after(96))
    await seeds.run(database, 97)
    await seeds.run(database, 150, "CANCELED", finished_at=seeds.after(151))
    await seeds.run(database, 200, "SUCCESS", **ended(201, 202))
    await seeds.run(database, 150, "SUCCESS", job_name="other", **ended(160, 250))
    found = await asked(api, 100, 200)
    assert found["jobCount"] == 2
    told = {
        each["jobName"]: [
            (run["status"], *(seconds(run[name]) for name in ("queuedAt", "startedAt", "finishedAt")))
            for run in each["runs"]
        ]
        for each in found["jobs"]
    }
    assert told == {
        "other": [("SUCCESS", 150, 160, 250)],
        "process": [
            ("SUCCESS", 80, 90, 120),
            ("STARTED", 95, 96, None),
            ("QUEUED", 97, None, None),
            ("CANCELED", 150, None, 151),
        ],
    }
    assert [each["runCount"] for each in found["jobs"]] == [1, 4]
    assert await asked(api, 300, 400, first=1) != await asked(api, 1, 5)
    assert (await asked(api, 1, 5)) == {"jobCount": 0, "jobs": []}


async def test_runs_that_took_days_are_told_in_every_span_that_they_were_there(api: Api, database: Database) -> None:
    hour, day = 3600, 86400
    await seeds.run(database, -9 * day, "SUCCESS", **ended(-hour, 100))
    await seeds.run(database, -8 * day, "FAILURE", **ended(-8 * day, 150))
    await seeds.run(database, -7 * day, "SUCCESS", **ended(-6 * day, 5 * day))
    await seeds.run(database, 100, "SUCCESS", **ended(100, 2 * day))
    await seeds.run(database, -hour, "CANCELED", finished_at=seeds.after(hour))
    found = await asked(api, 100, 200)
    queued = [[seconds(run["queuedAt"]) for run in job["runs"]] for job in found["jobs"]]
    assert queued == [[-8 * day, -7 * day, -hour, 100]]
    # Where their job has too many to tell each of them, they are counted, and begin in no part of the span.
    [counted] = (await asked(api, 100, 200, perJob=3))["jobs"]
    assert (counted["runCount"], counted["runs"], len(counted["buckets"])) == (4, [], 1)


async def test_a_job_with_many_runs_has_them_counted_where_they_began(api: Api, database: Database) -> None:
    for second, status in ((0, "SUCCESS"), (8, "SUCCESS"), (12, "FAILURE"), (13, "CANCELED"), (35, "SUCCESS")):
        await seeds.run(database, second, status, **ended(second + 1, second + 2))
    await seeds.run(database, 38, "STARTED", started_at=seeds.after(45))
    await seeds.run(database, 39)
    await seeds.run(database, 5, "SUCCESS", job_name="other", **ended(6, 7))
    [other, process] = (await asked(api, 5, 40, perJob=3))["jobs"]
    assert (other["runCount"], len(other["runs"]), other["buckets"]) == (1, 1, [])
    assert (process["runCount"], process["runs"]) == (6, [])
    counts = [(seconds(at), *rest) for at, *rest in (tuple(each.values()) for each in process["buckets"])]
    # What began after the span's end, though it was queued before, counts in the last part.
    assert counts == [(5, 0, 1, 1, 1), (35, 2, 1, 0, 0)]


async def test_all_jobs_are_read_in_one_statement_and_the_latest_are_listed(api: Api, database: Database) -> None:
    for number in range(30):
        await seeds.run(database, number, "SUCCESS", job_name=f"j{number:02}", **ended(number + 1, number + 2))
    with counted_statements() as statements:
        found = await asked(api, 0, 100, first=3)
    assert [each["jobName"] for each in found["jobs"]] == ["j27", "j28", "j29"]
    assert found["jobCount"] == 30
    assert len([each for each in statements if "FROM runs" in each]) == 1


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"seconds": 0.01}, "at most 1000 are allowed"),
        ({"first": 101}, "first is a number from 1 to 100"),
        ({"perJob": -1}, "perJob is a number from 0 to 100"),
        ({"until": seeds.START.isoformat()}, "until comes after since"),
    ],
)
async def test_what_is_too_much_is_refused(api: Api, values: Any, told: str) -> None:
    good = {"since": seeds.START.isoformat(), "until": seeds.after(60).isoformat(), "seconds": 1}
    [error] = (await api.answer(DOCUMENT, **{**good, **values}))["errors"]
    assert error["extensions"]["code"] == "BAD_INPUT"
    assert told in error["message"]
