"""The web interface in Chromium: how soon it shows something, what it loads for that, and whether it stays smooth.

    python -m benchmarks.interface

The page is opened by a browser that has never seen it. Then the list of 100 sensors that tick every second is watched,
and the timeline of one that ticks every 10 ms: Chromium's own trace tells how long each task held the main thread. On
a machine that does other things too, what a task took of the processor tells more than the time by the clock.
"""

import gzip
import json
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
# Notes the moment when the first sensor stands in the list.
NOTING = """
new MutationObserver((_, observer) => {
  if (document.querySelector("[role=table] [role=cell]") === null) return;
  window.firstSensor = performance.now();
  observer.disconnect();
}).observe(document, { childList: true, subtree: true });
"""
PAINTED = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
LOADED = "performance.getEntriesByType('resource').map(({ name }) => name).filter((name) => name.includes('/static/'))"


@dataclass(frozen=True)
class Watched:
    """A page that was watched: the ticks/s that it showed, and the most seconds that a task of its main thread took, by
    the clock and of the processor.
    """

    ticks_per_second: float
    longest: float
    longest_processor: float


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
                page.get_by_role("table", name="Sensors").get_by_role("cell").first.wait_for()
                painted.append(page.evaluate(PAINTED) / 1e3)
                listed.append(page.evaluate("window.firstSensor") / 1e3)
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
        browser.start_tracing(page=page, categories=["-*", "disabled-by-default-devtools.timeline"])
        began = time.monotonic()
        page.wait_for_timeout(seconds * 1e3)
        tasks = _tasks(browser.stop_tracing())
        counted = server.query(COUNTED % (names, time.monotonic() - began))["sensors"]["edges"]
    ticks = sum(sum(edge["node"]["tickCounts"].values()) for edge in counted)
    longest, longest_processor = (max(times) / 1e6 for times in zip(*tasks, strict=True))
    return Watched(ticks / (time.monotonic() - began), longest, longest_processor)


def _tasks(trace: bytes) -> list[tuple[float, float]]:
    """Return how long each task of the page's main thread took, by the clock and of the processor, in microseconds."""
    events = json.loads(trace)["traceEvents"]
    main = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    return [
        (event["dur"], event.get("tdur", 0.0))
        for event in events
        if event["name"] == "RunTask" and event["ph"] == "X" and (event["pid"], event["tid"]) in main
    ]


def run() -> list[str]:
    """Measure; return lines of a Markdown table."""
    found = measure(20.0)
    painted, listed = statistics.median(found.painted), statistics.median(found.listed)
    return [
        f"| first paint, first sensor shown | {painted * 1e3:.0f} ms, {listed * 1e3:.0f} ms |",
        f"| loaded for the first screen, gzipped | {found.gzipped_bytes / 1e3:.0f} kB |",
        *(
            f"| {what}, {one.ticks_per_second:.0f} ticks/s: longest task, its processor time "
            f"| {one.longest * 1e3:.0f} ms, {one.longest_processor * 1e3:.0f} ms |"
            for what, one in (("list", found.overview), ("timeline", found.timeline))
        ),
    ]


if __name__ == "__main__":
    print("\n".join(run()))
