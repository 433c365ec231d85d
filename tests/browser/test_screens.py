"""Every screen: no violation of axe, in both themes, and none is wider than a telephone."""

from pathlib import Path
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from browser import projects
from browser.conftest import Serve
from e2e.servers import DevServer, wait_until

AXE = Path(__file__).parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
LAUNCH = "mutation ($name: String!) { launchRun(input: {jobName: $name}) { run { id } } }"
STATUSES = "{ runs { edges { node { status } } } }"
DESK: ViewportSize = {"width": 1360, "height": 820}
TELEPHONE: ViewportSize = {"width": 380, "height": 760}


class Shop(NamedTuple):
    """A server at which something of everything has happened; `failed` is a run that failed."""

    server: DevServer
    failed: str


@pytest.fixture(scope="module")
def shop(serve: Serve) -> Shop:
    """A server with ticks, runs, a failure and assets."""
    server = serve(projects.SHOP)
    failed = server.query(LAUNCH, name="fails")["launchRun"]["run"]["id"]
    for _ in range(2):
        server.query(LAUNCH, name="make_all")
    (server.project / "inbox" / "a.csv").write_text("1")
    wait_until(lambda: _ended(server) >= 4, "the end of the runs", 60.0)
    return Shop(server, failed)


def _ended(server: DevServer) -> int:
    runs = [edge["node"]["status"] for edge in server.query(STATUSES)["runs"]["edges"]]
    return sum(status in {"SUCCESS", "FAILURE"} for status in runs)


def screens(failed: str) -> dict[str, str]:
    """Return the address of every screen, with something that it shows once it is ready."""
    return {
        "/": "files",
        "/?q=nothing": "No sensor matches",
        "/sensors/project/files": "1 run",
        "/sensors/project/files?tab=cursor": "v1",
        "/sensors/project/files?tab=runs": "a.csv",
        "/sensors/project/counter": "Never evaluated",
        "/runs": "fails",
        f"/runs/{failed}": "no such table",
        "/runs?view=timeline": "succeeded",
        "/jobs": "process",
        "/jobs/project/process": "read_file",
        "/jobs/project/make_all?tab=runs": "Success",
        "/assets": "totals",
        "/assets?view=lineage": "totals",
        "/assets/totals": "rows",
        "/instance": "alive",
        "/audit": "anonymous",
        "/audit?result=FORBIDDEN": "No entry matches",
        "/nowhere": "There is nothing at this address",
    }


def violations(page: Page) -> list[Any]:
    """Return what axe finds, each with what it is about."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']}).then((result) => result.violations)")
    return [(each["id"], [node["html"][:200] for node in each["nodes"][:3]]) for each in found]


@pytest.mark.timeout(180)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_screen_is_accessible(browser: Browser, shop: Shop, theme: Any) -> None:
    address = shop.server.address
    wrong: dict[str, list[Any]] = {}

    def look(name: str) -> None:
        if found := violations(page):
            wrong[name] = found

    with browser.new_context(viewport=DESK, color_scheme=theme) as context:
        page = context.new_page()
        for screen, text in screens(shop.failed).items():
            page.goto(address + screen)
            expect(page.get_by_text(text).first).to_be_visible()
            if screen == "/jobs/project/process":
                expect(page.locator(".config-editor")).to_contain_text("path")
            look(screen)
        page.goto(f"{address}/sensors/project/files")
        page.get_by_role("row").filter(has_text="1 run").get_by_role("link").first.click()
        expect(page.get_by_role("dialog")).to_contain_text("a.csv")
        look("tick")
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Test").click()
        page.get_by_role("dialog").get_by_role("button", name="Evaluate").click()
        expect(page.get_by_role("button", name="Test again")).to_be_visible()
        look("test")
        page.keyboard.press("Escape")
        page.keyboard.press("Control+k")
        expect(page.get_by_role("option", name="files")).to_be_visible()
        look("palette")
        page.keyboard.press("Escape")
        page.goto(f"{address}/audit")
        page.get_by_role("button", name="launch run").first.click()
        expect(page.get_by_role("dialog")).to_contain_text("Input")
        look("entry")
        page.goto(f"{address}/")
        page.get_by_role("checkbox", name="Select counter").check()
        page.get_by_role("button", name="Stop", exact=True).click()
        expect(page.get_by_role("dialog")).to_contain_text("counter")
        look("bulk")
    assert not wrong, wrong


@pytest.mark.timeout(180)
def test_every_screen_fits_a_telephone(browser: Browser, shop: Shop) -> None:
    wide = {}
    with browser.new_context(viewport=TELEPHONE) as context:
        page = context.new_page()
        for screen, text in screens(shop.failed).items():
            page.goto(shop.server.address + screen)
            expect(page.get_by_text(text).first).to_be_attached()
            width = page.evaluate(
                "Math.max(document.documentElement.scrollWidth, document.getElementById('main').scrollWidth)"
            )
            if width > TELEPHONE["width"]:
                wide[screen] = width
    assert not wide


def test_the_palette_leads_to_a_sensor_by_keyboard_alone(page: Page, shop: Shop) -> None:
    page.goto(f"{shop.server.address}/runs")
    expect(page.get_by_role("heading", name="Runs")).to_be_visible()
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox", name="Find a screen")).to_be_focused()
    page.keyboard.type("restl")
    expect(page.get_by_role("option", name="restless")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="restless")).to_be_visible()


def test_an_asset_shows_its_lineage_its_figures_and_what_watches_it(page: Page, shop: Shop) -> None:
    page.goto(f"{shop.server.address}/assets")
    page.get_by_role("link", name="totals", exact=True).click()
    expect(page.get_by_role("region", name="Lineage of totals")).to_contain_text("orders")
    expect(page.get_by_role("img", name="rows: 2 values, from 1 to 1")).to_be_visible()
    expect(page.get_by_role("region", name="Table of materializations").get_by_role("row")).to_have_count(3)
    page.get_by_role("link", name="on_totals").click()
    expect(page.get_by_role("heading", name="on_totals")).to_be_visible()
