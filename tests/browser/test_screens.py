"""Every screen: no violation of axe, in both themes, and none is wider than a telephone."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from browser import projects
from browser.conftest import Serve

AXE = Path(__file__).parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
LAUNCH = 'mutation { launchRun(input: {jobName: "fails"}) { run { id } } }'


def violations(page: Page) -> list[Any]:
    """Return what axe finds, each with what it is about."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']}).then((result) => result.violations)")
    return [(each["id"], [node["html"][:200] for node in each["nodes"][:3]]) for each in found]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_screen_is_accessible(browser: Browser, serve: Serve, theme: Any) -> None:
    server = serve(projects.INBOX)
    run = server.query(LAUNCH)["launchRun"]["run"]["id"]
    (server.project / "inbox" / "a.csv").write_text("1")
    context = browser.new_context(viewport={"width": 1360, "height": 820}, color_scheme=theme)
    page = context.new_page()
    screens = {
        "/": "files",
        "/sensors/project/files": "orders",
        "/sensors/project/files?tab=cursor": "History",
        "/sensors/project/files?tab=runs": "Run key",
        "/runs": "fails",
        f"/runs/{run}": "no such table",
        "/jobs": "process",
        "/jobs/project/process": "Launchpad",
        "/assets": "No assets yet",
        "/instance": "alive",
        "/nowhere": "There is nothing at this address",
    }
    screens["/sensors/project/files"] = "1 run"
    wrong = {}
    for address, text in screens.items():
        page.goto(server.address + address)
        expect(page.get_by_text(text).first).to_be_visible()
        if address == "/jobs/project/process":
            expect(page.locator(".config-editor")).to_contain_text("path")
        if found := violations(page):
            wrong[address] = found
    page.goto(f"{server.address}/sensors/project/files")
    page.get_by_role("row").filter(has_text="1 run").get_by_role("link").first.click()
    expect(page.get_by_role("dialog")).to_contain_text("a.csv")
    if found := violations(page):
        wrong["tick"] = found
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("option", name="files")).to_be_visible()
    if found := violations(page):
        wrong["palette"] = found
    context.close()
    assert not wrong, wrong


def test_every_screen_fits_380_pixels(browser: Browser, serve: Serve) -> None:
    server = serve(projects.INBOX)
    run = server.query(LAUNCH)["launchRun"]["run"]["id"]
    context = browser.new_context(viewport={"width": 380, "height": 760})
    page = context.new_page()
    for address in ("/", "/sensors/project/files", "/runs", f"/runs/{run}", "/jobs/project/process", "/instance"):
        page.goto(server.address + address)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        wide = page.evaluate("[document.documentElement.scrollWidth, document.getElementById('main').scrollWidth]")
        assert max(wide) <= 380, address
    context.close()


def test_the_palette_leads_to_a_sensor_by_keyboard_alone(page: Page, serve: Serve) -> None:
    server = serve(projects.INBOX)
    page.goto(f"{server.address}/runs")
    page.keyboard.press("Control+k")
    page.keyboard.type("restl")
    expect(page.get_by_role("option", name="restless")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="restless")).to_be_visible()
