"""Subscriptions that are cut off and resumed miss nothing and see nothing twice."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from e2e.servers import DevServer, wait_until
from e2e.subscriptions import Subscription, subscribe

PROJECT = """
import time
from vedette import *

@op
def greet(context: OpExecutionContext):
    for number in range(20):
        context.log.info("line %d", number)

@job
def greets():
    greet()

def make(number):
    @sensor(name=f"sensor_{number}", job=greets, minimum_interval_seconds=0.1,
            default_status=DefaultSensorStatus.RUNNING)
    def ticks(context):
        count = int(context.cursor or 0)
        context.update_cursor(str(count + 1))
        if number == 0 and count % 10 == 0:
            time.sleep(1.0)  # long enough to show as STARTED
        if number == 1 and count % 10 == 0:
            yield RunRequest(run_key=str(count))
    return ticks

defs = Definitions(jobs=[greets], sensors=[make(number) for number in range(10)])
"""

TICKS = """
subscription($after: StreamPosition) {
  ticks(after: $after) {
    __typename
    ... on TickChanged { position tick { id status number finishedAt sensor { name } } }
    ... on StreamGap { position message }
  }
}
"""
RUN_EVENTS = """
subscription($run: ID!, $after: StreamPosition) {
  runEvents(runId: $run, after: $after) {
    ... on RunEventAdded { position event { position kind message } }
    ... on StreamGap { position message }
  }
}
"""
ITEMS = 600


def read(subscription: Subscription, count: int) -> list[Any]:
    """Return the next `count` items of `ticks`."""
    items = []
    for _ in range(count):
        data = subscription.next()
        assert data is not None
        items.append(data["ticks"])
    return items


def read_with_cuts(url: str, after: str, count: int) -> list[Any]:
    """Read `count` items on sockets that are cut off every 70 items and resumed by position."""
    items: list[Any] = []
    while len(items) < count:
        with subscribe(url, TICKS, after=after) as subscription:
            items += read(subscription, min(70, count - len(items)))
        after = items[-1]["position"]
    return items


def test_a_client_that_was_cut_off_ends_with_the_same_complete_list(dev_server: DevServer) -> None:
    dev_server.write(PROJECT)
    dev_server.start()
    with subscribe(dev_server.url, TICKS) as steady:
        first = read(steady, 1)
        with ThreadPoolExecutor(1) as pool:
            cut_off = pool.submit(read_with_cuts, dev_server.url, first[0]["position"], ITEMS)
            seen = read(steady, ITEMS)
            assert cut_off.result(60) == seen

    positions = [int(item["position"]) for item in first + seen]
    assert positions == list(range(positions[0], positions[0] + ITEMS + 1)), "a gap or a repeat"
    assert {"STARTED", "SKIPPED", "SUCCESS"} == {item["tick"]["status"] for item in seen}
    numbers: dict[str, int] = {}
    for item in first + seen:
        tick = item["tick"]
        assert (tick["finishedAt"] is None) == (tick["status"] == "STARTED")
        name = tick["sensor"]["name"]
        assert tick["number"] >= numbers.get(name, 0), "ticks of one sensor came out of order"
        numbers[name] = tick["number"]


def test_a_finished_run_ends_its_stream_of_events(dev_server: DevServer) -> None:
    dev_server.write(PROJECT)
    dev_server.start()
    run = wait_until(
        lambda: dev_server.query("{ runs(first: 1) { edges { node { id } } } }")["runs"]["edges"], "a run", 30
    )[0]["node"]["id"]

    def events(after: str | None) -> list[Any]:
        items = []
        with subscribe(dev_server.url, RUN_EVENTS, run=run, after=after) as subscription:
            while (data := subscription.next()) is not None:
                items.append(data["runEvents"])
        return items

    whole = events(None)
    assert [int(item["position"]) for item in whole] == list(range(1, len(whole) + 1))
    kinds = [item["event"]["kind"] for item in whole]
    assert kinds[:3] == ["RUN_QUEUED", "RUN_STARTING", "RUN_STARTED"]
    assert kinds[-1] == "RUN_SUCCESS"
    assert kinds.count("LOG") == 20
    assert events(whole[9]["position"]) == whole[10:]


TALKING = """
from pathlib import Path
from time import sleep
from vedette import *

@sensor(minimum_interval_seconds=0.1, default_status=DefaultSensorStatus.RUNNING)
def talks(context):
    context.log.info("begun")
    print("printed")
    while not Path(__file__).with_name("go on").exists():
        sleep(0.05)
    context.log.warning("ended")
    return SkipReason("said it all")
"""
STARTED = "{ ticks(first: 1, filter: {status: [STARTED]}) { edges { node { id } } } }"
TICK_LOGS = """
subscription($tick: ID!, $after: StreamPosition) {
  tickLogs(tickId: $tick, after: $after) { ... on TickLogAdded { position record { level message } } }
}
"""


def test_what_a_sensor_says_is_told_while_it_is_evaluated(dev_server: DevServer) -> None:
    dev_server.write(TALKING)
    dev_server.start()
    tick = wait_until(lambda: dev_server.query(STARTED)["ticks"]["edges"], "a tick that goes on")[0]["node"]["id"]

    def said(item: Any) -> tuple[str, str]:
        record = item["tickLogs"]["record"]
        return record["level"], record["message"]

    with subscribe(dev_server.url, TICK_LOGS, tick=tick) as subscription:
        assert [said(subscription.next()) for _ in range(2)] == [("INFO", "begun"), ("INFO", "printed")]
        # Only now does it end: both lines came while it was evaluated.
        (dev_server.project / "go on").touch()
        assert said(subscription.next()) == ("WARNING", "ended")
        assert subscription.next() is None
    with subscribe(dev_server.url, TICK_LOGS, tick=tick, after="1") as subscription:
        assert said(subscription.next()) == ("INFO", "printed")
