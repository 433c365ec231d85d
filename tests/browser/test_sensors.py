"""What one does with sensors all day, in a browser."""

import re

from playwright.sync_api import Page, expect

from browser import projects
from browser.conftest import Serve


def test_a_failing_sensor_among_2000_and_why_it_fails_are_three_clicks_away(page: Page, serve: Serve) -> None:
    server = serve(projects.MANY)
    page.goto(f"{server.address}/")
    expect(page.get_by_role("status").filter(has_text="2000").first).to_be_visible(timeout=60_000)
    # It comes first, with the reason, before any click.
    first = page.get_by_role("row").filter(has=page.get_by_role("checkbox", name="Select broken_invoice_feed"))
    expect(first).to_contain_text("Failing", timeout=30_000)
    expect(first).to_contain_text("the feed has no column 'amount'")
    first.get_by_role("link", name="broken_invoice_feed").click()
    page.get_by_role("link", name=re.compile(r"^#\d+$")).first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("region").or_(dialog.locator(".error")).first).to_contain_text("ValueError")
    expect(dialog).to_contain_text("in broken_invoice_feed")
    expect(dialog.get_by_role("log")).to_contain_text("reading the feed")
    # Thousands are listed, and only those in sight are in the page; a search and a filter stay in the address.
    page.goto(f"{server.address}/")
    expect(page.get_by_role("status").filter(has_text="2000").first).to_be_visible(timeout=60_000)
    assert page.get_by_role("row").count() < 120
    page.keyboard.press("/")
    page.keyboard.type("sensor_17")
    expect(page.get_by_text("100 of 2000")).to_be_visible()
    page.get_by_label("Tag").select_option("part=1")
    expect(page.get_by_text("25 of 2000")).to_be_visible()
    page.reload()
    expect(page.get_by_text("25 of 2000")).to_be_visible(timeout=60_000)
    # All of them at once, with a result each.
    page.get_by_role("checkbox", name="Select all that are listed").check()
    page.get_by_role("button", name="Start", exact=True).click()
    page.get_by_role("button", name="Start 25").click()
    expect(page.get_by_role("dialog")).to_contain_text("25 started of 25", timeout=60_000)
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_role("switch", name="sensor_1701 is evaluated")).to_be_checked()


def test_a_file_becomes_a_tick_and_a_run_before_ones_eyes(page: Page, serve: Serve) -> None:
    server = serve(projects.INBOX)
    page.goto(f"{server.address}/sensors/project/files")
    expect(page.get_by_role("heading", name="files")).to_be_visible()
    loads: list[str] = []
    page.on("framenavigated", lambda frame: loads.append(frame.url))
    (server.project / "inbox" / "orders.csv").write_text("1")
    row = page.get_by_role("row").filter(has_text="1 run")
    expect(row).to_be_visible()
    row.get_by_role("link", name=re.compile(r"^#\d+$")).click()
    requests = page.get_by_role("region", name="Run requests")
    expect(requests).to_contain_text("Launched")
    expect(requests).to_contain_text("orders.csv")
    requests.get_by_role("link", name="Run of request 1").click()
    expect(page.get_by_role("log")).to_contain_text("reading orders.csv")
    expect(page.get_by_role("log")).to_contain_text("read it")
    expect(page.locator("h1 + .tag, header .tag").first).to_contain_text("Success")
    # The addresses changed, the page was never loaded again.
    assert page.evaluate("performance.getEntriesByType('navigation').length") == 1
    assert loads


def test_a_cursor_that_moves_is_not_overwritten_unseen(page: Page, serve: Serve) -> None:
    server = serve(projects.INBOX)
    page.goto(f"{server.address}/sensors/project/restless?tab=cursor")
    page.get_by_role("switch", name="restless is evaluated").click()
    expect(page.get_by_role("region", name="Cursor", exact=True)).to_contain_text("version")
    expect(page.get_by_role("region", name="Cursor history")).to_contain_text("v2")
    page.get_by_role("button", name="Edit").click()
    expect(page.get_by_role("alert").filter(has_text="The cursor has moved to version")).to_be_visible()
    field = page.get_by_role("textbox", name="New cursor")
    field.fill("1000")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert").filter(has_text="nothing was overwritten")).to_be_visible()
    page.get_by_role("switch", name="restless is evaluated").click()
    expect(page.get_by_role("switch", name="restless is evaluated")).not_to_be_checked()
    page.get_by_role("button", name="Keep mine").click()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("region", name="Cursor", exact=True).locator("pre")).to_have_text("1000")


def test_a_sensor_is_tried_its_cursor_kept_and_its_request_launched(page: Page, serve: Serve) -> None:
    server = serve(projects.INBOX)
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
