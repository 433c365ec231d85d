"""What one does with a sensor all day, in a browser."""

import re

import pytest
from playwright.sync_api import Page, expect

from browser import projects
from browser.conftest import Serve
from e2e.servers import DevServer, wait_until

TICK = re.compile(r"^#\d+$")


@pytest.fixture(scope="module")
def server(serve: Serve) -> DevServer:
    """A server with sensors that watch a folder, count, and never rest."""
    return serve(projects.INBOX)


def test_a_file_becomes_a_tick_and_a_run_before_ones_eyes(page: Page, server: DevServer) -> None:
    page.goto(f"{server.address}/sensors/project/files")
    expect(page.get_by_role("heading", name="files")).to_be_visible()
    (server.project / "inbox" / "orders.csv").write_text("1")
    row = page.get_by_role("row").filter(has_text="1 run")
    expect(row).to_be_visible()
    row.get_by_role("link", name=TICK).click()
    requests = page.get_by_role("region", name="Run requests")
    expect(requests).to_contain_text("Launched")
    expect(requests).to_contain_text("orders.csv")
    requests.get_by_role("link", name="Run of request 1").click()
    expect(page.get_by_role("log")).to_contain_text("reading orders.csv")
    expect(page.get_by_role("log")).to_contain_text("read it")
    expect(page.get_by_role("banner").or_(page.locator("main header")).first).to_contain_text("Success")
    # The addresses changed, the page was never loaded again.
    assert page.evaluate("performance.getEntriesByType('navigation').length") == 1


def test_a_quiet_sensor_is_seen_to_go_on(page: Page, server: DevServer) -> None:
    page.goto(f"{server.address}/sensors/project/quiet")
    # Its skips are folded into one tick: its pulse tells of them, and nothing is asked for.
    repeats = page.get_by_role("row").filter(has_text="nothing at all")
    expect(repeats).to_contain_text(re.compile(r"\+\d+ like it"))
    page.wait_for_load_state("networkidle")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for _ in range(3):
        before = repeats.inner_text()
        expect(repeats).not_to_have_text(before)
    expect(repeats).to_have_count(1)
    assert asked == []


def test_a_cursor_that_moves_is_not_overwritten_unseen(page: Page, server: DevServer) -> None:
    page.goto(f"{server.address}/sensors/project/restless?tab=cursor")
    page.get_by_role("switch", name="restless is evaluated").click()
    expect(page.get_by_role("region", name="Cursor history")).to_contain_text("v2")
    page.get_by_role("button", name="Edit").click()
    expect(page.get_by_role("alert").filter(has_text="The cursor has moved to version")).to_be_visible()
    page.get_by_role("textbox", name="New cursor").fill("1000")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert").filter(has_text="nothing was overwritten")).to_be_visible()
    page.get_by_role("switch", name="restless is evaluated").click()
    expect(page.get_by_role("switch", name="restless is evaluated")).not_to_be_checked()
    page.get_by_role("button", name="Keep mine").click()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("region", name="Value of the cursor")).to_have_text("1000")


def test_a_sensor_is_tried_its_cursor_kept_and_its_request_launched(page: Page, server: DevServer) -> None:
    page.goto(f"{server.address}/sensors/project/counter")
    page.get_by_role("button", name="Test").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("No cursor, as on the first tick").uncheck()
    dialog.get_by_label("Cursor to evaluate from").fill("41")
    dialog.get_by_role("button", name="Evaluate").click()
    expect(dialog).to_contain_text("1 run request")
    expect(dialog).to_contain_text("Would launch")
    expect(dialog.get_by_role("log")).to_contain_text("counting to 42")
    dialog.get_by_role("button", name="Persist this cursor").click()
    expect(dialog.get_by_role("button", name="Cursor persisted")).to_be_visible()
    dialog.get_by_role("button", name="Launch it").click()
    dialog.get_by_role("link", name="run 1").click()
    expect(page.get_by_role("log")).to_contain_text("reading file-42")
    cursor = server.query(
        '{ sensor(by: {name: {name: "counter"}}) { cursor { value } ticks { edges { node { id } } } } }'
    )
    assert cursor["sensor"] == {"cursor": {"value": "42"}, "ticks": {"edges": []}}


def test_a_sensor_that_watches_runs_is_tried_with_one(page: Page, server: DevServer) -> None:
    failed = server.query('mutation { launchRun(input: {jobName: "fails"}) { run { id } } }')["launchRun"]["run"]["id"]
    ended = "query ($id: ID!) { run(id: $id) { status } }"
    wait_until(lambda: server.query(ended, id=failed)["run"]["status"] == "FAILURE", "the run's end", 60.0)
    page.goto(f"{server.address}/sensors/project/on_call")
    page.get_by_role("button", name="Test").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Run to try it with").select_option(failed)
    dialog.get_by_role("button", name="Evaluate").click()
    expect(dialog.get_by_role("log")).to_contain_text("fails failed:")
    # One that is not listed is named; what is no run is told.
    dialog.get_by_label("Run to try it with").select_option(label="Another run, by its id")
    dialog.get_by_label("Id of the run").fill("nothing")
    dialog.get_by_role("button", name="Test again").click()
    expect(dialog.get_by_role("alert")).to_contain_text("is not an id")


def test_what_is_pointed_at_is_marked_in_timeline_and_tables(page: Page, server: DevServer) -> None:
    (server.project / "inbox" / "pointed.csv").write_text("1")
    page.goto(f"{server.address}/sensors/project/files")
    timeline = page.get_by_role("application", name=re.compile("Ticks over time"))
    told = timeline.get_by_role("status")
    expect(page.get_by_role("row").filter(has_text="1 run").first).to_be_visible()
    number = page.get_by_role("row").filter(has_text="1 run").first.get_by_role("link", name=TICK).inner_text()
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name=number, exact=True))
    expect(timeline).to_have_attribute("aria-busy", "false")
    row.hover()
    expect(row).to_have_class("pointed")
    page.get_by_role("heading", name="files").hover()
    expect(page.locator("tr.pointed")).to_have_count(0)
    # From the plot to the table, and to the runs of the tick.
    timeline.focus()
    for _ in range(40):
        page.keyboard.press("ArrowLeft")
        if told.inner_text().startswith(f"{number} "):
            break
    expect(row).to_have_class("pointed")
    page.get_by_role("navigation", name="Parts of files").get_by_role("link", name="Runs").click()
    expect(page.locator("tr.pointed")).to_contain_text(number)


def test_a_page_of_history_is_shown_on_the_timeline(page: Page, server: DevServer) -> None:
    key = server.query('{ sensor(by: {name: {name: "counter"}}) { id } }')["sensor"]["id"]
    for _ in range(30):
        server.query("mutation ($id: ID!) { tickSensor(input: {sensorId: $id}) { errors { message } } }", id=key)
    page.goto(f"{server.address}/sensors/project/counter")
    expect(page.get_by_role("link", name="#30")).to_be_visible()
    page.get_by_role("button", name="Older").click()
    expect(page.get_by_role("link", name="#5", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Back to now")).to_be_visible()
    page.get_by_role("button", name="Newer").click()
    expect(page.get_by_role("button", name="Back to now")).to_be_hidden()


def test_a_sensor_is_evaluated_now_and_its_log_shown_meanwhile(page: Page, server: DevServer) -> None:
    page.goto(f"{server.address}/sensors/project/slow")
    page.get_by_role("button", name="Evaluate now").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Evaluating")
    expect(dialog.get_by_role("log")).to_contain_text("begins")
    (server.project / "go").write_text("")
    expect(dialog).to_contain_text("went on")
    expect(dialog.get_by_role("log")).to_contain_text("ends")


def _crowd(server: DevServer, ticks: int) -> None:
    """Have the sensor `crowded` tick that often, as fast as it can."""
    sensor = '{ sensor(by: {name: {name: "crowded"}}) { id lastTick { number } } }'
    key = server.query(sensor)["sensor"]["id"]
    change = "mutation ($id: ID!) { %s(input: {sensorId: $id}) { errors { message } } }"
    server.query(change % "startSensor", id=key)
    wait_until(lambda: (server.query(sensor)["sensor"]["lastTick"] or {"number": 0})["number"] > ticks, "ticks", 120.0)
    server.query(change % "stopSensor", id=key)


def test_the_timeline_is_walked_and_zoomed_by_keyboard_from_minutes_to_a_month(page: Page, server: DevServer) -> None:
    _crowd(server, 1100)
    page.goto(f"{server.address}/sensors/project/crowded")
    # Too many to tell apart are counted; a bar is opened by zooming into it.
    expect(page.get_by_text("Counted per 2 s")).to_be_visible()
    page.get_by_role("button", name="30 d").click()
    expect(page.get_by_text("Counted per 6 h")).to_be_visible()
    timeline = page.get_by_role("application", name=re.compile("Ticks over time"))
    told = timeline.get_by_role("status")
    timeline.focus()
    page.keyboard.press("ArrowLeft")
    expect(told).to_contain_text(re.compile(r"· 1,1\d\d ticks: 1,1\d\d skipped"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Back to now")).to_be_visible()
    timeline.focus()
    page.keyboard.press("End")
    expect(page.get_by_role("button", name="Back to now")).to_be_hidden()
    # A few are told apart: each can be walked to, and opened.
    page.goto(f"{server.address}/sensors/project/quiet")
    expect(page.get_by_role("link", name=TICK).first).to_be_visible()
    expect(timeline).to_have_attribute("aria-busy", "false")
    timeline.focus()
    page.keyboard.press("ArrowLeft")
    expect(told).to_contain_text(re.compile(r"^#\d+ · "))
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text("of quiet")
