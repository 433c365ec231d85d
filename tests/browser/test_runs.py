"""What one does with runs and jobs, in a browser."""

import re

import pytest
from playwright.sync_api import Page, expect

from browser import projects
from browser.conftest import Serve
from e2e.servers import DevServer

LAUNCH = "mutation ($name: String!) { launchRun(input: {jobName: $name}) { run { id } errors { message } } }"
LINES = 50_000


@pytest.fixture(scope="module")
def server(serve: Serve) -> DevServer:
    """A server with jobs that talk, wait and fail."""
    return serve(projects.INBOX)


def _launch(server: DevServer, job: str) -> str:
    return str(server.query(LAUNCH, name=job)["launchRun"]["run"]["id"])


@pytest.mark.timeout(180)
def test_a_log_of_50000_lines_is_followed_searched_and_filtered(page: Page, server: DevServer) -> None:
    page.goto(f"{server.address}/runs/{_launch(server, 'talks')}")
    log = page.get_by_role("log")
    expect(log).to_contain_text("of the log")
    expect(log).to_contain_text(f"line {LINES - 1} of the log", timeout=120_000)
    # And what happened to the run and its step.
    expect(page.get_by_role("status").filter(has_text="lines")).to_contain_text("50006 lines")
    assert page.locator(".log-line").count() < 150, "those in sight are in the page, and no others"
    page.get_by_label("Search the log").fill("line 12345 ")
    expect(log).to_contain_text("line 12345 of the log")
    expect(page.locator(".log-line")).to_have_count(1)
    page.get_by_label("Search the log").fill("")
    page.get_by_label("Least level").select_option("WARNING")
    expect(page.get_by_text("No line matches.")).to_be_visible()


def test_a_run_appears_by_itself_and_is_canceled(page: Page, server: DevServer) -> None:
    page.goto(f"{server.address}/runs?job=waits")
    expect(page.get_by_text("No runs")).to_be_visible()
    _launch(server, "waits")
    page.get_by_role("row").filter(has_text="Running").get_by_role("link").first.click()
    expect(page.get_by_role("log")).to_contain_text("second 1")
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("main header .tag").first).to_contain_text("Canceled", timeout=60_000)


def test_a_failed_run_tells_why_and_is_repeated_from_its_failure(page: Page, server: DevServer) -> None:
    failed = _launch(server, "fails")
    page.goto(f"{server.address}/runs/{failed}")
    expect(page.get_by_role("region", name="Error", exact=True)).to_contain_text("no such table: orders")
    expect(page.get_by_role("list", name="Steps")).to_contain_text("failure")
    page.get_by_role("button", name="Run again from failure").click()
    expect(page.get_by_role("link", name=f"run {failed[-8:]}")).to_be_visible()


def test_runs_are_seen_over_time_as_they_come_and_end(page: Page, server: DevServer) -> None:
    page.goto(f"{server.address}/runs")
    page.get_by_role("link", name="Timeline").click()
    _launch(server, "waits")
    jobs = page.get_by_role("list", name="Jobs")
    expect(jobs.get_by_role("link", name="waits")).to_be_visible()
    timeline = page.get_by_role("application", name=re.compile("Runs over time by job"))
    told = timeline.get_by_role("status")
    timeline.focus()
    # The last job's last run: the one that goes on.
    for key in ("ArrowLeft", "ArrowDown", "ArrowDown", "ArrowDown", "ArrowRight"):
        page.keyboard.press(key)
    expect(told).to_contain_text(re.compile(r"^waits · .* · Running · waited .*, for "))
    for _ in range(3):
        page.keyboard.press("-")
    page.keyboard.press("Shift+ArrowLeft")
    expect(page.get_by_role("button", name="Back to now")).to_be_visible()
    page.keyboard.press("End")
    expect(page.get_by_role("button", name="Back to now")).to_be_hidden()
    page.get_by_role("button", name="5 min").click()
    # By pointer: what is there now is found, held still, and opened.
    failed = _launch(server, "fails")
    expect(jobs.get_by_role("link", name="fails")).to_be_visible()
    box = timeline.bounding_box()
    row = jobs.get_by_role("listitem").filter(has_text="fails").bounding_box()
    assert box is not None
    assert row is not None
    for x in range(int(box["x"] + box["width"]) - 2, int(box["x"]), -6):
        page.mouse.move(x, row["y"] + 16)
        if "fails · " in told.inner_text() and "Failure" in told.inner_text():
            break
    expect(page.get_by_text("Held still while you point at it")).to_be_visible()
    page.mouse.down()
    page.mouse.up()
    expect(page.get_by_role("heading", name=re.compile("of fails"))).to_be_visible()
    assert failed


LIMIT = """mutation ($job: ID!, $most: Int!) {
  setRunLimit(input: {jobId: $job, maxConcurrentRuns: $most}) { errors { message } } }"""


def test_a_run_that_waits_says_where_it_stands_and_why(page: Page, server: DevServer) -> None:
    job = server.query('{ job(by: {name: {name: "fails"}}) { id } }')["job"]["id"]
    server.query(LIMIT, job=job, most=0)
    waits = _launch(server, "fails")
    page.goto(f"{server.address}/runs/{waits}")
    facts = page.get_by_role("region", name="Facts")
    expect(facts).to_contain_text("place 1, priority 0")
    expect(facts).to_contain_text(re.compile("Waits for.*fails.*0"))
    page.goto(f"{server.address}/runs?job=fails")
    expect(page.get_by_role("row").filter(has_text=waits[-8:])).to_contain_text("Place 1.")
    page.goto(f"{server.address}/instance")
    queue = page.get_by_role("region", name="Queue", exact=True)
    expect(queue.get_by_role("row").filter(has_text=waits[-8:])).to_contain_text("fails")
    expect(page.get_by_role("region", name="Limits", exact=True)).to_contain_text("0 of 0")
    # It goes on by itself, on the page too.
    page.goto(f"{server.address}/runs/{waits}")
    expect(facts).to_contain_text("place 1")
    server.query(LIMIT, job=job, most=1)
    expect(page.locator("main header .tag").first).to_contain_text("Failure")
    page.goto(f"{server.address}/instance")
    expect(queue).to_contain_text("No run waits")


def _type(page: Page, config: str) -> None:
    page.get_by_role("textbox", name="Run config").focus()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.keyboard.insert_text(config)


def test_a_run_is_put_together_in_the_launchpad_whose_editor_knows_the_schema(page: Page, server: DevServer) -> None:
    page.goto(f"{server.address}/jobs/project/process")
    expect(page.locator(".config-editor")).to_contain_text("read_file")
    # Something that the schema does not allow is named, with its line; then what it does allow is completed.
    _type(page, '{"ops": {"read_file": {"config": {"path": 7}}}}')
    expect(page.get_by_role("list", name="Problems of the config")).to_contain_text("Incorrect type")
    _type(page, '{"ops": {"read_file": {"config": {')
    page.keyboard.press("Control+Space")
    expect(page.locator(".suggest-widget")).to_contain_text("path")
    page.keyboard.press("Escape")
    _type(page, '{"ops": {"read_file": {"config": {"path": "by-hand.csv"}}}}')
    page.get_by_label("Tags, one a line").fill("team=data")
    page.get_by_role("button", name="Launch").click()
    expect(page.get_by_role("log")).to_contain_text("reading by-hand.csv")
    expect(page.locator(".keyvalue")).to_contain_text("team")
