"""What one does with thousands of sensors, in a browser."""

import re

import pytest
from playwright.sync_api import Page, expect

from browser import projects
from browser.conftest import Serve
from e2e.servers import DevServer


@pytest.fixture(scope="module")
def server(serve: Serve) -> DevServer:
    """A server with 2,000 sensors, one of which fails."""
    return serve(projects.MANY)


def _open(page: Page, server: DevServer, address: str = "/") -> None:
    page.goto(f"{server.address}{address}")
    expect(page.get_by_role("heading", name="Sensors").locator("..")).to_contain_text("2000", timeout=60_000)


def test_a_failing_sensor_among_2000_and_why_it_fails_are_three_clicks_away(page: Page, server: DevServer) -> None:
    _open(page, server)
    # It comes first, with the reason, before any click.
    first = page.get_by_role("row").filter(has=page.get_by_role("checkbox", name="Select broken_invoice_feed"))
    expect(first).to_contain_text("Failing")
    expect(first).to_contain_text("the feed has no column 'amount'")
    first.get_by_role("link", name="broken_invoice_feed").click()
    page.get_by_role("link", name=re.compile(r"^#\d+$")).first.click()
    dialog = page.get_by_role("dialog")
    error = dialog.get_by_role("region", name="Error", exact=True)
    expect(error).to_contain_text("ValueError: the feed has no column 'amount'")
    expect(error).to_contain_text("in broken_invoice_feed")
    expect(dialog.get_by_role("log")).to_contain_text("reading the feed")


def test_searches_and_filters_stay_in_the_address(page: Page, server: DevServer) -> None:
    _open(page, server)
    assert page.get_by_role("row").count() < 120, "those in sight are in the page, and no others"
    page.keyboard.press("/")
    page.keyboard.type("sensor_17")
    expect(page.get_by_text("100 of 2000")).to_be_visible()
    page.get_by_label("Tag").select_option("part=1")
    expect(page.get_by_text("25 of 2000")).to_be_visible()
    page.reload()
    expect(page.get_by_text("25 of 2000")).to_be_visible(timeout=60_000)


def test_many_are_started_at_once_with_a_result_each(page: Page, server: DevServer) -> None:
    _open(page, server, "/?q=sensor_18&tag=part%3D2")
    expect(page.get_by_text("25 of 2000")).to_be_visible(timeout=60_000)
    page.get_by_role("checkbox", name="Select all that are listed").check()
    page.get_by_role("button", name="Start", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Start 25").click()
    expect(dialog.get_by_text("25 started of 25")).to_be_visible()
    expect(dialog.get_by_role("listitem").filter(has_text="started")).to_have_count(25)
    dialog.get_by_role("button", name="Done").click()
    expect(page.get_by_role("switch", name="sensor_1802 is evaluated")).to_be_checked()
    assert _running(server, "sensor_18") == 25


def _running(server: DevServer, part: str) -> int:
    counted = server.query(
        "query ($part: String) {"
        " sensors(first: 100, filter: {nameContains: $part, status: RUNNING}) { edges { node { id } } } }",
        part=part,
    )
    return len(counted["sensors"]["edges"])


def test_all_2000_are_changed_by_a_few_mutations(page: Page, server: DevServer) -> None:
    _open(page, server)
    page.get_by_role("checkbox", name="Select all that are listed").check()
    page.get_by_role("button", name="Stop", exact=True).click()
    dialog = page.get_by_role("dialog")
    sent = []
    page.on("request", lambda one: sent.append(one) if "mutation StopSensors" in (one.post_data or "") else None)
    dialog.get_by_role("button", name="Stop 2,000").click()
    expect(dialog.locator("[role=status]")).to_contain_text("2,000 stopped of 2,000", timeout=90_000)
    assert len(sent) == 8
    assert _running(server, "") == 0
    dialog.get_by_role("button", name="Done").click()
    # It is on again for those who come after.
    page.get_by_role("switch", name="broken_invoice_feed is evaluated").click()
