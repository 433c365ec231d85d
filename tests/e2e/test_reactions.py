"""Sensors that watch runs, through SIGKILL of everything: each run is reacted to once, and asks for one run."""

import collections

import pytest

from e2e.servers import DevServer, wait_until

RUNS = 40
PROJECT = """
from vedette import *

@op
def work(): ...

@job(on_interrupted="retry")
def load():
    work()

@job(on_interrupted="retry")
def follow():
    work()

@sensor(job=load, minimum_interval_seconds=0.3, default_status=DefaultSensorStatus.RUNNING)
def begins(context):
    begun = int(context.cursor or 0)
    context.update_cursor(str(min(RUNS, begun + 4)))
    return [RunRequest(run_key=str(number)) for number in range(begun, min(RUNS, begun + 4))]

@run_status_sensor(
    RunStatus.SUCCESS, monitored_jobs=[load], request_job=follow, default_status=DefaultSensorStatus.RUNNING
)
def follows(context):
    # No run key: nothing but the commit of the reaction keeps it from being asked for twice.
    return RunRequest(tags={"of": context.run.run_id})
""".replace("RUNS", str(RUNS))
ALL = """
query($after: String) {
  runs(first: 100, after: $after) {
    edges { node { id jobName status tags { key value } reactions { edges { node { outcome } } } } }
    pageInfo { hasNextPage endCursor }
  }
}
"""


EVENTS = """
query($after: String) {
  runs(first: 20, after: $after) {
    edges { node { events(first: 50) { edges { node { kind } } } } }
    pageInfo { hasNextPage endCursor }
  }
}
"""
ASSETS = """
from vedette import *

@asset
def left(): ...

@asset
def right(): ...

make = define_asset_job("make", [left, right])

@op
def work(): ...

@job(on_interrupted="retry")
def follow():
    work()

@sensor(job=make, minimum_interval_seconds=0.3, default_status=DefaultSensorStatus.RUNNING)
def begins(context):
    begun = int(context.cursor or 0)
    context.update_cursor(str(min(RUNS, begun + 2)))
    return [RunRequest(run_key=str(number)) for number in range(begun, min(RUNS, begun + 2))]

@multi_asset_sensor([left.key, right.key], job=follow, default_status=DefaultSensorStatus.RUNNING)
def follows(context):
    # No run key: nothing but the commit of the cursor keeps a materialization from being consumed twice.
    for key in context.asset_keys:
        for record in context.materialization_records_for_key(key):
            context.advance_cursor({key: record})
            yield RunRequest(tags={"of": str(record.storage_id)})
""".replace("RUNS", str(RUNS))


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_each_run_is_reacted_to_once_through_kills_of_everything(dev_server: DevServer) -> None:
    server = dev_server
    server.write(PROJECT)
    server.start()
    for least in (5, 10, 15):
        _wait_for(server, least)
        server.kill_tree()
        server.start()
    wait_until(lambda: _followed(server) >= RUNS and _ended(server), "a reaction to every run", 120.0)
    runs = list(server.pages(ALL, "runs"))
    loads = [run for run in runs if run["jobName"] == "load"]
    assert len(loads) == RUNS
    outcomes = [[edge["node"]["outcome"] for edge in run["reactions"]["edges"]] for run in loads]
    assert outcomes == RUNS * [["REQUESTED"]]
    followed = collections.Counter(
        tag["value"] for run in runs if run["jobName"] == "follow" for tag in run["tags"] if tag["key"] == "of"
    )
    assert set(followed.values()) == {1}
    assert len(followed) == RUNS


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_each_materialization_is_consumed_once_through_kills_of_everything(dev_server: DevServer) -> None:
    server = dev_server
    server.write(ASSETS)
    server.start()
    for least in (5, 20):
        _wait_for(server, least)
        server.kill_tree()
        server.start()
    wait_until(lambda: _made(server) and _followed(server) >= _told(server) and _ended(server), "all consumed", 120.0)
    consumed = collections.Counter(
        tag["value"] for run in server.pages(ALL, "runs") for tag in run["tags"] if tag["key"] == "of"
    )
    assert consumed == {str(position): 1 for position in range(1, _told(server) + 1)}


def _told(server: DevServer) -> int:
    """Return how many materializations runs have told of, those of attempts that were killed among them."""
    return sum(
        edge["node"]["kind"] == "ASSET_MATERIALIZATION"
        for run in server.pages(EVENTS, "runs")
        for edge in run["events"]["edges"]
    )


def _made(server: DevServer) -> bool:
    made = [run for run in server.pages(ALL, "runs") if run["jobName"] == "make"]
    return len(made) == RUNS and all(run["status"] in {"SUCCESS", "FAILURE", "CANCELED"} for run in made)


def _wait_for(server: DevServer, least: int) -> None:
    wait_until(lambda: _followed(server) >= least, f"{least} reactions", 90.0)


def _followed(server: DevServer) -> int:
    return sum(run["jobName"] == "follow" for run in server.pages(ALL, "runs"))


def _ended(server: DevServer) -> bool:
    return all(run["status"] in {"SUCCESS", "FAILURE", "CANCELED"} for run in server.pages(ALL, "runs"))
