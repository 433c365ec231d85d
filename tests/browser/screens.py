"""Takes a picture of every screen, light and dark, of the showcase: `make screens`."""

import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Page, ViewportSize, sync_playwright

from browser.conftest import NAMES, OPTIONS
from e2e.servers import DevServer

ROOT = Path(__file__).parents[2]
SHOWCASE = ROOT / "examples" / "showcase.py"
PICTURES = ROOT / "docs" / "images" / "screens"
# Long enough for runs to end, for one to fail and for a sensor to be tried again.
WORK_SECONDS = 75.0
SIZE: ViewportSize = {"width": 1360, "height": 820}
THEMES: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")
TELEPHONE: ViewportSize = {"width": 380, "height": 760}


def main() -> int:
    """Take them; return the exit code."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        sys.stderr.write("Error: there is no Chromium; `apt-get install chromium` and try again.\n")
        return 1
    with tempfile.TemporaryDirectory(prefix="vedette-") as folder, sync_playwright() as playwright:
        project = Path(folder) / "showcase"
        project.mkdir()
        server = DevServer(project)
        server.write(SHOWCASE.read_text(encoding="utf-8"))
        try:
            server.start()
            time.sleep(WORK_SECONDS)
            browser = playwright.chromium.launch(executable_path=path, args=OPTIONS)
            for theme in THEMES:
                context = browser.new_context(viewport=SIZE, color_scheme=theme, locale="en-GB")
                take(context.new_page(), server.address, theme)
            page = browser.new_context(viewport=TELEPHONE, locale="en-GB").new_page()
            picture(page, f"{server.address}/", "sensors-telephone")
            picture(page, f"{server.address}/sensors/project/new_orders", "sensor-telephone")
            picture(page, f"{server.address}/runs", "runs-telephone")
            picture(page, f"{server.address}/runs?view=timeline", "timeline-telephone")
            picture(page, f"{server.address}/jobs/project/take_orders", "job-telephone")
            picture(page, f"{server.address}/assets/revenue", "asset-telephone")
            picture(page, f"{server.address}/instance", "instance-telephone")
            # The same project once more, for those who say who they are.
            server.kill_tree()
            token = server.make_token("dashboard", "viewer")
            server.token = token
            server.start(VEDETTE_AUTHENTICATION="tokens")
            for theme in THEMES:
                context = browser.new_context(viewport=SIZE, color_scheme=theme, locale="en-GB")
                strangers(context.new_page(), server.address, token, theme)
            browser.close()
        finally:
            server.kill_tree()
    sys.stdout.write(f"The pictures are in {PICTURES.relative_to(ROOT)}/\n")
    return 0


def strangers(page: Page, address: str, token: str, theme: str) -> None:
    """Take a picture of how one signs in, and of what a viewer may not do."""
    picture(page, f"{address}/", f"sign-in-{theme}")
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Sign in with the token").click()
    page.get_by_role("navigation", name="Main").wait_for()
    picture(page, f"{address}/sensors/project/new_orders", f"viewer-{theme}")


def take(page: Page, address: str, theme: str) -> None:
    """Take a picture of every screen in one theme."""
    place = f"{address}/sensors/project"
    picture(page, f"{address}/", f"sensors-{theme}")
    picture(page, f"{place}/new_orders", f"sensor-{theme}")
    page.get_by_role("row").filter(has_text=" run").get_by_role("link").first.click()
    picture(page, None, f"tick-{theme}")
    picture(page, f"{place}/new_orders?tab=cursor", f"cursor-{theme}")
    picture(page, f"{place}/supplier_prices", f"failing-{theme}")
    page.goto(f"{place}/supplier_prices")
    page.get_by_role("button", name="Test").click()
    page.get_by_role("dialog").get_by_role("button", name="Evaluate").click()
    page.get_by_role("button", name="Test again").wait_for()
    picture(page, None, f"test-{theme}")
    dialogs(page, address, theme)
    queue(page, address, theme)
    picture(page, f"{address}/runs", f"runs-{theme}")
    page.goto(f"{address}/runs?view=timeline")
    page.get_by_role("button", name="5 min").click()
    page.get_by_role("application").focus()
    page.keyboard.press("ArrowLeft")
    picture(page, None, f"timeline-{theme}")
    picture(page, f"{address}/runs?status=FAILURE", None)
    page.get_by_role("row").filter(has_text="restock").get_by_role("link").first.click()
    picture(page, None, f"failure-{theme}")
    page.goto(f"{address}/runs")
    page.get_by_role("row").filter(has_text="take_orders").get_by_role("link").first.click()
    page.get_by_role("log").wait_for()
    picture(page, None, f"run-{theme}")
    picture(page, f"{address}/jobs", f"jobs-{theme}")
    picture(page, f"{address}/jobs/project/take_orders", f"job-{theme}")
    picture(page, f"{address}/jobs/project/export_day", f"partitions-{theme}")
    picture(page, f"{address}/assets", f"assets-{theme}")
    picture(page, f"{address}/assets?view=lineage", f"lineage-{theme}")
    picture(page, f"{address}/assets/revenue", f"asset-{theme}")
    picture(page, f"{address}/instance", f"instance-{theme}")
    take_audit(page, address, theme)
    page.keyboard.press("Control+k")
    page.keyboard.type("or")
    page.get_by_role("option", name="new_orders").wait_for()
    picture(page, None, f"palette-{theme}")


def take_audit(page: Page, address: str, theme: str) -> None:
    """Take a picture of the audit log, and of what it tells of one thing that somebody did."""
    page.goto(f"{address}/sensors/project/new_orders")
    page.get_by_role("switch").first.click()
    picture(page, f"{address}/audit", f"audit-{theme}")
    page.get_by_role("button", name="sensor").first.click()
    picture(page, None, f"entry-{theme}")
    page.keyboard.press("Escape")


def dialogs(page: Page, address: str, theme: str) -> None:
    """Take pictures of the dialogs that need some clicks."""
    page.goto(f"{address}/sensors/project/on_call")
    page.get_by_role("button", name="Test").click()
    page.get_by_label("Run to try it with").select_option(index=1)
    page.get_by_role("dialog").get_by_role("button", name="Evaluate").click()
    page.get_by_role("button", name="Test again").wait_for()
    picture(page, None, f"test-run-{theme}")
    page.goto(f"{address}/")
    page.get_by_role("checkbox", name="Select all that are listed").check()
    page.get_by_role("button", name="Start", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Start").click()
    picture(page, None, f"bulk-{theme}")


def queue(page: Page, address: str, theme: str) -> None:
    """Take pictures of runs that wait."""
    limited(page, address, 0)
    picture(page, f"{address}/instance", f"queue-{theme}")
    page.goto(f"{address}/runs?status=QUEUED")
    page.get_by_role("row").filter(has_text="restock").get_by_role("link").first.click()
    picture(page, None, f"waiting-{theme}")
    limited(page, address, 5)


LAUNCH = 'mutation { launchRun(input: {jobName: "restock"}) { run { id } } }'
LIMIT = """mutation ($job: ID!, $most: Int!) {
  setRunLimit(input: {jobId: $job, maxConcurrentRuns: $most}) { errors { message } } }"""


def limited(page: Page, address: str, most: int) -> None:
    """Let so many runs of a job be executed at once; have some wait."""

    def ask(query: str, **variables: object) -> Any:
        return page.request.post(f"{address}/graphql", data={"query": query, "variables": variables}).json()["data"]

    job = ask('{ job(by: {name: {name: "restock"}}) { id } }')["job"]["id"]
    ask(LIMIT, job=job, most=most)
    for _ in range(0 if most else 2):
        ask(LAUNCH)


def picture(page: Page, address: str | None, name: str | None) -> None:
    """Take a picture of an address, or of what is shown, once it has come to rest; without a name, only wait."""
    if address is not None:
        page.goto(address)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1_000)
    if name is not None:
        page.screenshot(path=PICTURES / f"{name}.png")


if __name__ == "__main__":
    sys.exit(main())
