"""The queue as it is seen: its order, why each run waits, and the limits on what runs."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

import seeds
from serving import Api
from statements import counted_statements
from vedette.bus import Bus, topics
from vedette.domain.access import Role
from vedette.domain.catalog import JobSpec
from vedette.domain.ids import new_id
from vedette.domain.run_limits import KEEPS_AFTER_SECONDS
from vedette.graphql import ids
from vedette.settings import Settings
from vedette.storage import workers
from vedette.storage.database import Database

QUEUE = "{ queue { edges { node { id priority queuePosition } } } }"
WAIT = """query($id: ID!) { run(id: $id) { queuePosition waitingFor { __typename message
  ... on NoLauncher { codeLocationName }
  ... on SlotsTaken { slots launchers { host slots runsHeld } }
  ... on LimitReached {
    tagValue runningRuns runs { id } keptFor { id } runLimit { kind tagKey maxConcurrentRuns job { name } }
  }
  ... on BehindOthers { count ofHigherPriority }
} } }"""
LIMITS = """{ runLimits { edges { node {
  id kind tagKey tagValue maxConcurrentRuns maxConcurrentRunsInCode setBy description runningRuns job { name }
} } } }"""
SET = """mutation($input: SetRunLimitInput!) { setRunLimit(input: $input) {
  runLimit { id kind maxConcurrentRuns description } errors { __typename message path } } }"""
REMOVE = """mutation($input: RemoveRunLimitInput!) { removeRunLimit(input: $input) {
  runLimit { id maxConcurrentRuns setBy } errors { __typename message path } } }"""


class Launchers:
    """Launchers that are alive and do nothing."""

    def __init__(self, database: Database, stack: AsyncExitStack) -> None:
        self._database = database
        self._stack = stack

    async def start(self, slots: int, *code_locations: str) -> Any:
        """Have one more; return its id."""
        launcher = await self._stack.enter_async_context(workers.registered(self._database, "LAUNCH", "there", 1))
        async with self._database.writing() as connection:
            await workers.tell_launcher(connection, launcher, code_locations, slots)
        return launcher


@pytest.fixture
async def launchers(database: Database) -> AsyncIterator[Launchers]:
    async with AsyncExitStack() as stack:
        yield Launchers(database, stack)


async def wait(api: Api, run: Any) -> Any:
    return (await api.query(WAIT, id=ids.encode("Run", run)))["run"]


async def reasons(api: Api, run: Any) -> dict[str, Any]:
    """Return what holds a run up, by the type of it."""
    return {each["__typename"]: each for each in (await wait(api, run))["waitingFor"]}


async def limit(api: Api, **given: Any) -> Any:
    answer = (await api.query(SET, input=given))["setRunLimit"]
    assert answer["errors"] == []
    return answer["runLimit"]


async def test_the_queue_is_listed_in_the_order_in_which_it_starts(api: Api, database: Database) -> None:
    plain = [await seeds.run(database, number, turn=turn) for number, turn in ((1, 3), (2, 1), (3, 2))]
    urgent = await seeds.run(database, 4, priority=5, turn=9)
    await seeds.run(database, 5, "STARTED")
    order = [urgent, plain[1], plain[2], plain[0]]
    edges = (await api.query(QUEUE))["queue"]["edges"]
    assert [edge["node"]["id"] for edge in edges] == [ids.encode("Run", run) for run in order]
    assert [edge["node"]["queuePosition"] for edge in edges] == [1, 2, 3, 4]
    assert edges[0]["node"]["priority"] == 5

    text = "query($after: String) { queue(first: 2, after: $after) { edges { node { id } } pageInfo { endCursor } } }"
    first = (await api.query(text))["queue"]
    rest = (await api.query(text, after=first["pageInfo"]["endCursor"]))["queue"]
    found = [edge["node"]["id"] for edge in first["edges"] + rest["edges"]]
    assert found == [ids.encode("Run", run) for run in order]


async def test_a_run_that_is_not_queued_waits_for_nothing(api: Api, database: Database) -> None:
    for status in ("STARTING", "STARTED", "SUCCESS"):
        assert await wait(api, await seeds.run(database, 1, status)) == {"queuePosition": None, "waitingFor": None}


async def test_a_run_waits_for_a_launcher_that_has_its_project(
    api: Api, database: Database, launchers: Launchers
) -> None:
    run = await seeds.run(database, 1)
    await launchers.start(4, "bank")
    found = await reasons(api, run)
    assert found["NoLauncher"]["codeLocationName"] == "shop"
    assert set(found) == {"NoLauncher"}
    await launchers.start(4, "bank", "shop")
    assert await wait(api, run) == {"queuePosition": 1, "waitingFor": []}


async def test_a_run_waits_for_a_slot_behind_others(api: Api, database: Database, launchers: Launchers) -> None:
    launcher = await launchers.start(2, "shop")
    await seeds.run(database, 1, "STARTED", launcher_id=launcher)
    run = await seeds.run(database, 3, turn=4)
    assert await reasons(api, run) == {}
    await seeds.run(database, 2, "STARTED", launcher_id=launcher)
    await seeds.run(database, 4, turn=1)
    await seeds.run(database, 5, turn=9, priority=1)
    found = await reasons(api, run)
    assert found["SlotsTaken"]["slots"] == 2
    assert found["SlotsTaken"]["launchers"] == [{"host": "there", "slots": 2, "runsHeld": 2}]
    assert (found["BehindOthers"]["count"], found["BehindOthers"]["ofHigherPriority"]) == (2, 1)
    assert (await wait(api, run))["queuePosition"] == 3


async def test_a_run_waits_for_a_limit_of_a_tag(api: Api, database: Database, launchers: Launchers) -> None:
    await launchers.start(9, "shop")
    await limit(api, tagKey="team", perTagValue=True, maxConcurrentRuns=1)
    running = await seeds.run(database, 1, "STARTED", tags='{"team": "a"}')
    held = await seeds.run(database, 2, tags='{"team": "a"}')
    free = await seeds.run(database, 3, tags='{"team": "b"}')
    found = await reasons(api, held)
    assert set(found) == {"LimitReached"}
    reached = found["LimitReached"]
    assert reached["runLimit"] == {"kind": "TAG_VALUE", "tagKey": "team", "maxConcurrentRuns": 1, "job": None}
    assert (reached["tagValue"], reached["runningRuns"]) == ("a", 1)
    assert reached["runs"] == [{"id": ids.encode("Run", running)}]
    assert reached["message"] == "The limit of 1 runs with the tag team=a is reached: 1 of them is running."
    assert await reasons(api, free) == {}


async def test_a_run_waits_for_the_limit_of_its_job_and_of_all(
    api: Api, database: Database, launchers: Launchers
) -> None:
    await launchers.start(9, "shop")
    await seeds.code_location(database)
    await seeds.job(database, JobSpec(name="process", max_concurrent_runs=1))
    await limit(api, maxConcurrentRuns=1)
    await seeds.run(database, 1, "STARTED")
    await seeds.run(database, 2)
    run = await seeds.run(database, 3)
    told = (await wait(api, run))["waitingFor"]
    kinds = [each["runLimit"]["kind"] for each in told if each["__typename"] == "LimitReached"]
    assert kinds == ["ALL", "JOB"]
    assert [each["count"] for each in told if each["__typename"] == "BehindOthers"] == [1]


async def test_a_run_waits_as_room_is_kept_for_one_that_waits_for_several_limits(
    api: Api, database: Database, launchers: Launchers
) -> None:
    await launchers.start(9, "shop")
    await limit(api, tagKey="team", maxConcurrentRuns=1)
    await limit(api, tagKey="db", maxConcurrentRuns=1)
    await seeds.run(database, 1, "STARTED", tags='{"team": "a"}')
    lane = '[["tag", "db"], ["tag", "team"]]'
    long = await seeds.run(database, 2, tags='{"team": "b", "db": "b"}', lane=lane)
    run = await seeds.run(database, 3, tags='{"db": "c"}', turn=1)
    statement = "UPDATE runs SET queued_at = now() - make_interval(secs => :seconds) WHERE id = :id"
    await seeds.execute(database, statement, id=long, seconds=KEEPS_AFTER_SECONDS + 1)
    reached = (await reasons(api, run))["LimitReached"]
    assert reached["keptFor"] == {"id": ids.encode("Run", long)}
    assert reached["runningRuns"] == 0
    await seeds.execute(database, statement, id=long, seconds=KEEPS_AFTER_SECONDS - 30)
    assert await reasons(api, run) == {}


async def test_limits_are_set_changed_listed_and_removed(api: Api, database: Database, bus: Bus) -> None:
    await seeds.code_location(database)
    await seeds.job(database, JobSpec(name="process", max_concurrent_runs=4))
    job = ids.encode("Job", await seeds.job(database, JobSpec(name="report")))
    await seeds.run(database, 1, "STARTED", tags='{"db": "big"}')
    with bus.listen(topics.QUEUE) as knocks:
        made = await limit(api, jobId=job, maxConcurrentRuns=2)
        assert await knocks.wait(10), "no launcher was told"
    again = await limit(api, jobId=job, maxConcurrentRuns=3)
    assert again == {**made, "maxConcurrentRuns": 3}
    await limit(api, maxConcurrentRuns=20)
    await limit(api, tagKey="db", tagValue="big", maxConcurrentRuns=1)
    nodes = [edge["node"] for edge in (await api.query(LIMITS))["runLimits"]["edges"]]
    told = {node["description"]: node for node in nodes}
    assert set(told) == {
        "runs in all", "runs of the job process (shop)", "runs of the job report (shop)", "runs with the tag db=big",
    }  # fmt: skip
    in_code = told["runs of the job process (shop)"]
    assert (in_code["maxConcurrentRuns"], in_code["maxConcurrentRunsInCode"], in_code["setBy"]) == (4, 4, None)
    assert in_code["job"] == {"name": "process"}
    assert in_code["runningRuns"] == 1
    assert told["runs with the tag db=big"]["runningRuns"] == 1
    assert told["runs of the job report (shop)"]["runningRuns"] == 0
    assert told["runs in all"]["setBy"] == "anonymous"

    removed = (await api.query(REMOVE, input={"runLimitId": made["id"]}))["removeRunLimit"]
    assert removed == {"runLimit": None, "errors": []}
    [gone] = (await api.query(REMOVE, input={"runLimitId": made["id"]}))["removeRunLimit"]["errors"]
    assert gone["__typename"] == "NotFound"
    [set_in_code] = (await api.query(REMOVE, input={"runLimitId": in_code["id"]}))["removeRunLimit"]["errors"]
    assert set_in_code["__typename"] == "WrongState"
    assert "code" in set_in_code["message"]


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"maxConcurrentRuns": -1}, "maxConcurrentRuns"),
        ({"maxConcurrentRuns": 1_000_001}, "maxConcurrentRuns"),
        ({"maxConcurrentRuns": 1, "tagValue": "a"}, "tagKey"),
        ({"maxConcurrentRuns": 1, "perTagValue": True}, "tagKey"),
        ({"maxConcurrentRuns": 1, "tagKey": "a", "tagValue": "b", "perTagValue": True}, "perTagValue"),
        ({"maxConcurrentRuns": 1, "tagKey": ""}, "tagKey"),
        ({"maxConcurrentRuns": 1, "tagKey": "a" * 501}, "tagKey"),
        ({"maxConcurrentRuns": 1, "tagKey": "a", "tagValue": "a" * 501}, "tagValue"),
        ({"maxConcurrentRuns": 1, "tagKey": "a", "jobId": ids.encode("Job", new_id())}, "tagKey"),
    ],
)
async def test_a_limit_that_makes_no_sense_is_refused(api: Api, given: dict[str, Any], path: str) -> None:
    [error] = (await api.query(SET, input=given))["setRunLimit"]["errors"]
    assert (error["__typename"], error["path"]) == ("InvalidInput", [path])
    assert (await api.query(LIMITS))["runLimits"]["edges"] == []


async def test_a_limit_of_a_job_that_there_is_not_is_refused(api: Api) -> None:
    given = {"maxConcurrentRuns": 1, "jobId": ids.encode("Job", new_id())}
    [error] = (await api.query(SET, input=given))["setRunLimit"]["errors"]
    assert (error["__typename"], error["path"]) == ("NotFound", ["jobId"])


async def test_a_priority_that_is_no_number_is_refused(api: Api, database: Database) -> None:
    await seeds.code_location(database)
    await seeds.job(database, JobSpec(name="process"))
    text = """mutation($tags: [RunTagInput!]) { launchRun(input: {jobName: "process", tags: $tags}) {
        run { priority } errors { __typename path message } } }"""
    answer = await api.query(text, tags=[{"key": "vedette/priority", "value": "high"}])
    [error] = answer["launchRun"]["errors"]
    assert (error["__typename"], error["path"]) == ("InvalidInput", ["tags"])
    answer = await api.query(text, tags=[{"key": "vedette/priority", "value": "-7"}])
    assert answer["launchRun"]["run"] == {"priority": -7}


class TestConfined:
    """Whoever is confined to a code location limits its jobs, and sees what concerns them."""

    @pytest.fixture
    def settings(self) -> Settings:
        return Settings(poll_seconds=0.2, authentication="tokens")

    async def test_it_may_limit_its_own_jobs_alone(self, api: Api, database: Database) -> None:
        for name in ("shop", "bank"):
            await seeds.code_location(database, name)
        own = ids.encode("Job", await seeds.job(database, JobSpec(name="process", max_concurrent_runs=5)))
        other_job = JobSpec(name="count", max_concurrent_runs=5)
        other = ids.encode("Job", await seeds.job(database, other_job, location="bank"))
        await seeds.token(database, "boss", Role.ADMIN)
        await seeds.token(database, "shopper", Role.OPERATOR, code_locations=("shop",))
        boss, shopper = api.shown("vdt_boss"), api.shown("vdt_shopper")
        everybody = await limit(boss, maxConcurrentRuns=9)
        await limit(shopper, jobId=own, maxConcurrentRuns=2)
        for given in ({}, {"tagKey": "team"}):
            answer = await shopper.query(SET, input={"maxConcurrentRuns": 1, **given})
            [error] = answer["setRunLimit"]["errors"]
            assert error["__typename"] == "InvalidInput"
            assert "confined" in error["message"]
        [error] = (await shopper.query(SET, input={"maxConcurrentRuns": 1, "jobId": other}))["setRunLimit"]["errors"]
        assert error["__typename"] == "NotFound"
        [error] = (await shopper.query(REMOVE, input={"runLimitId": everybody["id"]}))["removeRunLimit"]["errors"]
        assert error["__typename"] == "InvalidInput"
        seen = [edge["node"]["description"] for edge in (await shopper.query(LIMITS))["runLimits"]["edges"]]
        assert seen == ["runs in all", "runs of the job process (shop)"]
        assert len((await boss.query(LIMITS))["runLimits"]["edges"]) == 3

    async def test_it_sees_its_own_part_of_the_queue(self, api: Api, database: Database) -> None:
        await seeds.token(database, "shopper", Role.VIEWER, code_locations=("shop",))
        await seeds.run(database, 1, code_location="bank")
        run = await seeds.run(database, 2, turn=1)
        [edge] = (await api.shown("vdt_shopper").query(QUEUE))["queue"]["edges"]
        assert edge["node"] == {"id": ids.encode("Run", run), "priority": 0, "queuePosition": 2}


async def test_a_list_of_any_length_takes_the_same_number_of_statements(
    api: Api, database: Database, launchers: Launchers
) -> None:
    await launchers.start(1, "shop")
    for number in range(12):
        await seeds.run(database, number)
    text = "query($first: Int) { queue(first: $first) { edges { node { queuePosition waitingFor { message } } } } }"
    with counted_statements() as few:
        await api.query(text, first=1)
    with counted_statements() as statements:
        edges = (await api.query(text, first=12))["queue"]["edges"]
    assert len(statements) == len(few) <= 5
    assert [edge["node"]["queuePosition"] for edge in edges] == list(range(1, 13))


async def test_a_change_of_a_limit_is_in_the_audit_log(api: Api) -> None:
    await limit(api, tagKey="db", maxConcurrentRuns=2)
    made = await limit(api, tagKey="db", maxConcurrentRuns=1)
    await api.query(REMOVE, input={"runLimitId": made["id"]})
    text = "{ auditLog(first: 3) { edges { node { mutation before after } } } }"

    edges = (await api.query(text))["auditLog"]["edges"]
    removed, changed, set_ = (edge["node"] for edge in edges)
    assert [each["mutation"] for each in (removed, changed, set_)] == ["removeRunLimit", "setRunLimit", "setRunLimit"]
    assert removed["before"]["maxConcurrentRuns"] == 1
    assert changed["after"]["maxConcurrentRuns"] == 1
    assert set_["after"]["subject"] == ["tag", "db"]
