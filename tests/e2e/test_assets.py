"""What is told of assets, through SIGKILL of runs and of everything: by runs, ticks and reports, each event once."""

import collections
import itertools
from typing import Any

import httpx
import pytest

from e2e.servers import DevServer, wait_until

TICKS = 40
PROJECT = """
import os
import signal
from pathlib import Path
from uuid import uuid4
from vedette import *

HERE = Path(__file__).parent

def told(context, name):
    \"\"\"Note what is told next; the first attempt of every fourth run is killed before, or after.\"\"\"
    mark = uuid4().hex
    with (HERE / "ledger").open("a") as ledger:
        ledger.write(f"{context.run_id} {mark}\\n")
    killed = HERE / f"{context.run_id}.{name}"
    if int(context.run_id[-2:], 16) % 4 == 0 and not killed.exists():
        killed.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return MaterializeResult(metadata={"mark": mark})

@asset
def made(context: AssetExecutionContext) -> MaterializeResult:
    return told(context, "made")

@asset(deps=[made])
def mailed(context: AssetExecutionContext) -> MaterializeResult:
    return told(context, "mailed")

make = define_asset_job("make", on_interrupted="retry")

@sensor(job=make, minimum_interval_seconds=0.3, default_status=DefaultSensorStatus.RUNNING)
def begins(context):
    number = int(context.cursor or 0)
    if number >= TICKS:
        return SkipReason("All is told.")
    seen = AssetObservation("outside", metadata={"number": number})
    return SensorResult(
        run_requests=[RunRequest(run_key=str(number))], cursor=str(number + 1), asset_events=[seen]
    )
""".replace("TICKS", str(TICKS))
RUNS = """query($after: String) { runs(first: 50, after: $after) {
    edges { node { id status events(first: 50) { edges { node { kind data } } }
        assetEvents { edges { node { position assetKey metadata } } } } }
    pageInfo { hasNextPage endCursor } } }"""
EVENTS = """query($key: [String!]!, $after: String) { asset(key: $key) {
    latestMaterialization { position }
    events(first: 100, after: $after) {
        edges { node { position metadata } } pageInfo { hasNextPage endCursor } } } }"""
REPORT = """mutation($key: String!, $number: JSON!) {
    reportAssetEvent(input: {assetKey: ["reported"], metadata: $number, idempotencyKey: $key}) {
        event { position } errors { message } } }"""


def history(server: DevServer, *key: str) -> list[Any]:
    """Return all that happened to an asset, the latest first."""
    found: list[Any] = []
    after = None
    while True:
        asset = server.query(EVENTS, key=list(key), after=after)["asset"]
        if asset is None:
            return found
        found += [edge["node"] for edge in asset["events"]["edges"]]
        if not asset["events"]["pageInfo"]["hasNextPage"]:
            return found
        after = asset["events"]["pageInfo"]["endCursor"]


def report(server: DevServer, number: int) -> None:
    """Report until it is answered, with the same key."""

    def answered() -> bool:
        try:
            answer = server.query(REPORT, key=f"report-{number}", number={"number": number})
        except (httpx.HTTPError, AssertionError):
            return False
        return not answer["reportAssetEvent"]["errors"]

    wait_until(answered, f"report {number} is answered", 60.0)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_what_is_told_of_assets_is_there_once_through_kills_of_everything(dev_server: DevServer) -> None:
    server = dev_server
    server.write(PROJECT)
    # Every tenth commit was done and says that it timed out.
    fault = {"VEDETTE_FAULTS": "COMMITTED=timeout%10"}
    server.start(**fault)
    numbers = itertools.count()
    for least in (5, 15, 25):
        wait_until(lambda: len(history(server, "outside")) >= least, f"{least} ticks", 90.0)  # noqa: B023
        report(server, next(numbers))
        server.kill_tree()
        server.start(**fault)
        report(server, next(numbers))
        report(server, next(numbers) - 1)
    wait_until(lambda: len(history(server, "outside")) >= TICKS and _ended(server), "all is told", 120.0)
    _check(server, next(numbers))


def _ended(server: DevServer) -> bool:
    runs = list(server.pages(RUNS, "runs"))
    return len(runs) == TICKS and all(run["status"] in {"SUCCESS", "FAILURE"} for run in runs)


def _check(server: DevServer, reports: int) -> None:
    runs = list(server.pages(RUNS, "runs"))
    by_asset = {name: history(server, name) for name in ("made", "mailed", "outside", "reported")}
    # One order without gaps.
    positions = sorted(int(event["position"]) for events in by_asset.values() for event in events)
    assert positions == list(range(1, len(positions) + 1))
    # Each tick told its number once; so did each report, however often it was sent.
    assert sorted(event["metadata"]["number"] for event in by_asset["outside"]) == list(range(TICKS))
    assert {event["metadata"]["number"] for event in by_asset["reported"]} <= set(range(reports))
    assert max(collections.Counter(event["metadata"]["number"] for event in by_asset["reported"]).values()) == 1
    # A run's events tell of the same materializations as the assets' do, each once, and by the ledger it made them.
    ledger = {line.split()[1] for line in (server.project / "ledger").read_text().splitlines()}
    marks = [event["metadata"]["mark"] for name in ("made", "mailed") for event in by_asset[name]]
    assert len(marks) == len(set(marks))
    told = []
    for run in runs:
        kinds = [edge["node"] for edge in run["events"]["edges"]]
        own = [one["data"]["metadata"]["mark"]["value"] for one in kinds if one["kind"] == "ASSET_MATERIALIZATION"]
        assert own == [edge["node"]["metadata"]["mark"] for edge in run["assetEvents"]["edges"]]
        if run["status"] == "SUCCESS":
            last = [edge["node"]["assetKey"] for edge in run["assetEvents"]["edges"]][-2:]
            assert last == [["made"], ["mailed"]]
        told += own
    assert sorted(told) == sorted(marks)
    assert set(marks) <= ledger
    assert all(run["status"] == "SUCCESS" for run in runs)
    for name in ("made", "mailed"):
        latest = server.query(EVENTS, key=[name])["asset"]["latestMaterialization"]
        assert latest == {"position": by_asset[name][0]["position"]}
