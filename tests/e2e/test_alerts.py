"""An alert on a server: sent until it is taken, as soon as a run fails, and then no more; no secret is told."""

from pathlib import Path
from typing import Any

from e2e.servers import DevServer, wait_until
from integration.alerts.stubs import service

PROJECT = """
import os
from vedette import *
from vedette.alerts import make_slack_on_run_failure_sensor, make_teams_on_run_failure_sensor

@op
def breaks():
    raise ValueError("it broke")

@job
def broken():
    breaks()

slack = make_slack_on_run_failure_sensor(
    "#alerts", "xoxb-hunter2", default_status=DefaultSensorStatus.RUNNING, slack_api_url={url!r}
)
teams = make_teams_on_run_failure_sensor({url!r} + "/hunter2", default_status=DefaultSensorStatus.RUNNING)
"""
ALL = """
query($after: String) { ticks(first: 100, after: $after) {
  edges { node {
    status skipReason error { type message stack cause { message stack } } sensor { name metadata description }
    logs { edges { node { message } } }
  } } pageInfo { hasNextPage endCursor } } }
"""
READY = "{ sensors { edges { node { name cursor { value } } } } }"


def test_an_alert_is_sent_until_it_is_taken_and_then_no_more(dev_server: DevServer, tmp_path: Path) -> None:
    with service() as stub:
        down: tuple[int, dict[str, str], Any] = (503, {}, "down")
        stub.answers = [down, down, down, down, (200, {}, {"ok": True})]
        dev_server.write(PROJECT.format(url=stub.url))
        dev_server.start()

        def ready() -> bool:
            found = dev_server.query(READY)["sensors"]["edges"]
            return len(found) == 2 and all(edge["node"]["cursor"]["value"] for edge in found)

        wait_until(ready, "both sensors to watch runs")
        dev_server.query('mutation { launchRun(input: {jobName: "broken"}) { errors { message } } }')
        wait_until(lambda: len(stub.taken) == 2, "both messages to be taken", 60)
        dev_server.query('mutation { launchRun(input: {jobName: "broken"}) { errors { message } } }')
        wait_until(lambda: len(stub.taken) == 4, "the messages of the second run", 60)
        told = list(dev_server.pages(ALL, "ticks"))
    paths = sorted(asked.path for asked in stub.taken)
    assert paths == ["/chat.postMessage", "/chat.postMessage", "/hunter2", "/hunter2"]
    assert sum(status == 503 for status in stub.statuses) == 4
    assert "503" in str(told), "what went wrong is told"
    for text in (str(told), dev_server.log.read_text()):
        assert "hunter2" not in text
        assert stub.url not in text


HELD_UP = """
import os, time
from vedette import *
from vedette.alerts import make_slack_on_sensor_failure_sensor

@sensor(minimum_interval_seconds=0.1, max_lag=0.5, default_status=DefaultSensorStatus.RUNNING)
def dawdles():
    if not os.path.exists({mended!r}):
        time.sleep(3)

@sensor(minimum_interval_seconds=0.1, default_status=DefaultSensorStatus.RUNNING)
def takes_its_time():
    if not os.path.exists({mended!r}):
        time.sleep(3)

slack = make_slack_on_sensor_failure_sensor(
    "#alerts", "xoxb-hunter2", minimum_interval_seconds=0.2,
    default_status=DefaultSensorStatus.RUNNING, slack_api_url={url!r},
)
"""


def test_a_sensor_that_is_later_than_its_max_lag_is_told(dev_server: DevServer, tmp_path: Path) -> None:
    mended = tmp_path / "mended"
    with service() as stub:
        dev_server.write(HELD_UP.format(url=stub.url, mended=str(mended)))
        dev_server.start()
        wait_until(lambda: any("dawdles is overdue" in str(asked.body) for asked in stub.taken), "the alert")
        [told] = [str(asked.body) for asked in stub.taken if "dawdles is overdue" in str(asked.body)][:1]
        assert "its max_lag is 0.5 s" in told
        mended.touch()
        wait_until(lambda: any("dawdles works again" in str(asked.body) for asked in stub.taken), "the all-clear")
    assert not any("takes_its_time is overdue" in str(asked.body) for asked in stub.taken)


WATCHED = """
from pathlib import Path
from vedette import *
from vedette.alerts import make_slack_on_sensor_failure_sensor

@sensor(minimum_interval_seconds=0.2, default_status=DefaultSensorStatus.RUNNING)
def flaky():
    if (Path(__file__).parent / "broken").exists():
        raise ValueError("it broke")

# It looks by itself once an hour: what it tells it is told.
watch = make_slack_on_sensor_failure_sensor(
    "#alerts", "xoxb-hunter2", default_status=DefaultSensorStatus.RUNNING, slack_api_url={url!r},
    minimum_interval_seconds=3600,
)
"""
EVALUATED = "{ sensors { edges { node { name lastTick { status } } } } }"


def test_a_sensor_that_fails_is_told_at_once_and_once_and_that_it_works_again(dev_server: DevServer) -> None:
    with service() as stub:
        stub.answers = [(200, {}, {"ok": True})]
        dev_server.write(WATCHED.format(url=stub.url))
        broken = dev_server.project / "broken"
        dev_server.start()

        def evaluated() -> bool:
            found = dev_server.query(EVALUATED)["sensors"]["edges"]
            return len(found) == 2 and all(edge["node"]["lastTick"] for edge in found)

        wait_until(evaluated, "both sensors to be evaluated", 60)
        broken.touch()
        wait_until(lambda: len(stub.taken) == 1, "the first message", 60)
        failed = "{ ticks(first: 100, filter: {status: [FAILURE]}) { edges { node { number } } } }"
        wait_until(lambda: len(dev_server.query(failed)["ticks"]["edges"]) >= 3, "more failures", 60)
        broken.unlink()
        wait_until(lambda: len(stub.taken) == 2, "the second message", 60)
    told = [asked.body["text"] for asked in stub.taken]
    assert [text.split("/")[-1] for text in told] == ["flaky fails", "flaky works again"]
