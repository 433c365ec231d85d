"""What one does with runs and jobs, in a browser."""

from playwright.sync_api import Page, expect

from browser import projects
from browser.conftest import Serve

LAUNCH = "mutation ($name: String!) { launchRun(input: {jobName: $name}) { run { id } errors { message } } }"


def test_a_log_of_50000_lines_is_followed_searched_and_filtered(page: Page, serve: Serve) -> None:
    server = serve(projects.INBOX)
    run = server.query(LAUNCH, name="talks")["launchRun"]["run"]["id"]
    page.goto(f"{server.address}/runs/{run}")
    expect(page.get_by_role("log")).to_contain_text("of the log")
    expect(page.get_by_role("log")).to_contain_text("line 49999 of the log", timeout=90_000)
    expect(page.get_by_role("status").filter(has_text="lines")).to_contain_text("50008 lines", timeout=30_000)
    assert page.locator(".log-line").count() < 150
    page.get_by_label("Search the log").fill("line 12345 ")
    expect(page.get_by_role("log")).to_contain_text("line 12345 of the log")
    expect(page.locator(".log-line")).to_have_count(1)
    page.get_by_label("Search the log").fill("")
    page.get_by_label("Least level").select_option("WARNING")
    expect(page.get_by_text("No line matches.")).to_be_visible()


def test_a_run_is_canceled_and_a_failed_one_repeated(page: Page, serve: Serve) -> None:
    server = serve(projects.INBOX)
    page.goto(f"{server.address}/runs")
    expect(page.get_by_text("No runs")).to_be_visible()
    server.query(LAUNCH, name="waits")
    page.get_by_role("row").filter(has_text="Running").get_by_role("link").first.click()
    expect(page.get_by_role("log")).to_contain_text("second 1")
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("header .tag").first).to_contain_text("Canceled", timeout=60_000)
    failed = server.query(LAUNCH, name="fails")["launchRun"]["run"]["id"]
    page.goto(f"{server.address}/runs/{failed}")
    expect(page.get_by_label("Error")).to_contain_text("no such table: orders")
    page.get_by_role("button", name="Run again from failure").click()
    expect(page.get_by_text("Repeats")).to_be_visible()
    expect(page.get_by_label("Error")).to_contain_text("no such table: orders")


def test_the_launchpad_says_what_is_wrong_and_launches_what_is_right(page: Page, serve: Serve) -> None:
    server = serve(projects.INBOX)
    page.goto(f"{server.address}/jobs")
    page.get_by_role("link", name="process").first.click()
    expect(page.get_by_role("region", name="Ops of process")).to_contain_text("read_file")
    editor = page.get_by_role("textbox", name="Run config")
    expect(page.locator(".config-editor")).to_contain_text("path")
    editor.focus()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text('{"ops": {"read_file": {"config": {"path": 7}}}}')
    expect(page.get_by_label("Problems of the config")).to_contain_text("string")
    page.get_by_role("button", name="Launch", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("path")
    editor.focus()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text('{"ops": {"read_file": {"config": {"path": "by-hand.csv"}}}}')
    expect(page.get_by_label("Problems of the config")).to_be_hidden()
    page.get_by_role("button", name="Launch", exact=True).click()
    expect(page.get_by_role("log")).to_contain_text("reading by-hand.csv")
