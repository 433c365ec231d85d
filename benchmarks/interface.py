"""The web interface in Chromium: how soon it shows something, what it loads for that, and whether it stays smooth.

    python -m benchmarks.interface

The page is opened by a browser that has never seen it. Then the list of 100 sensors that tick every second is watched,
and the timeline of one that ticks every 10 ms: the browser itself tells of tasks that held its main thread for more
than 50 ms (the Long Tasks API; https://www.w3.org/TR/longtasks-1/).
"""

import gzip
import shutil
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from benchmarks.server import MeasuredServer, measured

SENSORS = 100
OPENED = 5
# What counts begins when the page has come to rest.
REST_SECONDS = 5.0
# The browser tells of no task that took less, in milliseconds.
LEAST_TASK = 50.0
OPTIONS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
NAMES = ("chromium", "chromium-browser")
SIZE: ViewportSize = {"width": 1360, "height": 820}

SOURCE = f"""
import itertools
from vedette import *

RUNNING = DefaultSensorStatus.RUNNING

def make(name, interval):
    counts = itertools.count()

    @sensor(name=name, minimum_interval_seconds=interval, default_status=RUNNING)
    def look(context):
        return SkipReason(f"nothing new, for the {{next(counts)}}th time")

    return look

defs = Definitions(sensors=[make(f"sensor_{{n:03}}", 1) for n in range({SENSORS})] + [make("busy", 0.01)])
"""
_COUNTS = "tickCounts(windowSeconds: %g) { started skipped success failure }"
COUNTED = f'{{ sensors(first: {SENSORS}, filter: {{nameContains: "%s"}}) {{ edges {{ node {{ {_COUNTS} }} }} }} }}'
# Notes the moment when the first sensor stands in the list, and how long each long task takes.
NOTING = """
window.noted = { row: null, tasks: [] };
new MutationObserver((_, observer) => {
  if (document.querySelector("[role=table] [role=cell]") === null) return;
  window.noted.row = performance.now();
  observer.disconnect();
}).observe(document, { childList: true, subtree: true });
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.noted.tasks.push(entry.duration);
}).observe({ type: "longtask" });
"""
PAINTED = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
LOADED = "performance.getEntriesByType('resource').map(({ name }) => name).filter((name) => name.includes('/static/'))"


@dataclass(frozen=True)
class Watched:
    """A page that was watched: the ticks/s that it showed, and its longest task in seconds, LEAST_TASK or more."""

    ticks_per_second: float
    longest_task: float


@dataclass(frozen=True)
class Figures:
    """Seconds until something and until the first sensor was shown, of each opening; gzipped bytes; pages watched."""

    painted: list[float]
    listed: list[float]
    gzipped_bytes: int
    overview: Watched
    timeline: Watched


@contextmanager
def chromium() -> "Iterator[Browser]":
    """Yield Debian's Chromium."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        raise SystemExit("Error: there is no Chromium; `apt-get install chromium` and try again.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=OPTIONS)
        yield browser
        browser.close()


@contextmanager
def opened(browser: Browser, address: str) -> "Iterator[Page]":
    """Open an address in a window that has no cache; yield its page."""
    context = browser.new_context(viewport=SIZE)
    page = context.new_page()
    page.add_init_script(NOTING)
    page.goto(address)
    yield page
    context.close()


def measure(seconds: float) -> Figures:
    """Open the interface some times, then watch two of its pages for so long each."""
    with measured(SOURCE) as server, server.running(), chromium() as browser:
        server.sensor_id("busy")
        address = f"http://127.0.0.1:{server.port}"
        painted, listed, sizes = [], [], 0
        for _ in range(OPENED):
            with opened(browser, f"{address}/") as page:
                page.wait_for_function("window.noted.row !== null")
                painted.append(page.evaluate(PAINTED) / 1e3)
                listed.append(page.evaluate("window.noted.row") / 1e3)
                sizes = sum(_gzipped(url) for url in page.evaluate(LOADED))
        return Figures(
            painted,
            listed,
            sizes,
            _watched(server, browser, f"{address}/", "sensor_", seconds),
            _watched(server, browser, f"{address}/sensors/project/busy", "busy", seconds),
        )


def _gzipped(url: str) -> int:
    return len(gzip.compress(httpx.get(url).content))


def _watched(server: MeasuredServer, browser: Browser, address: str, names: str, seconds: float) -> Watched:
    with opened(browser, address) as page:
        page.get_by_role("status").filter(has_text="Live").wait_for()
        page.wait_for_timeout(REST_SECONDS * 1e3)
        page.evaluate("window.noted.tasks = []")
        began = time.monotonic()
        page.wait_for_timeout(seconds * 1e3)
        tasks = page.evaluate("window.noted.tasks")
        counted = server.query(COUNTED % (names, time.monotonic() - began))["sensors"]["edges"]
    ticks = sum(sum(edge["node"]["tickCounts"].values()) for edge in counted)
    return Watched(ticks / seconds, max([LEAST_TASK, *tasks]) / 1e3)


def run() -> list[str]:
    """Measure; return lines of a Markdown table."""
    found = measure(20.0)
    painted, listed = statistics.median(found.painted), statistics.median(found.listed)
    return [
        f"| first paint, first sensor shown | {painted * 1e3:.0f} ms, {listed * 1e3:.0f} ms |",
        f"| loaded for the first screen, gzipped | {found.gzipped_bytes / 1e3:.0f} kB |",
        *(
            f"| {what}, {one.ticks_per_second:.0f} ticks/s: longest task | {one.longest_task * 1e3:.0f} ms |"
            for what, one in (("list", found.overview), ("timeline", found.timeline))
        ),
    ]


if __name__ == "__main__":
    print("\n".join(run()))
