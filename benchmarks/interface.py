"""The web interface in Chromium: how soon it shows something, what it loads for that, and whether it stays smooth.

    python -m benchmarks.interface

The page is opened by a browser that has never seen it. Then the list of 100 sensors that tick every second is watched,
and the timeline of one that ticks every 10 ms: Chromium's own trace tells how long each task held the main thread. On
a machine that does other things too, what a task took of the processor tells more than the time by the clock. Last, a
timeline of nearly 1,000 ticks is followed, panned and zoomed: between two of its animation frames are 16.7 ms, or a
multiple of it where the page was not done in time.
"""

import json
import shutil
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from benchmarks.server import MeasuredServer, measured, percentile

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

many = [make(f"sensor_{{n:03}}", 1) for n in range({SENSORS})]
defs = Definitions(sensors=[*many, make("busy", 0.01), make("full", 0.03)])
"""
# As many as a timeline tells apart, less those that come until it has stopped.
FULL = 950
NEWEST = '{ sensor(by: {name: {name: "full"}}) { id lastTick { number } } }'
STOP = 'mutation { stopSensor(input: {sensorId: "%s"}) { errors { message } } }'
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
# Turns the wheel a little in each frame, for a second in one direction and then in the other; notes how long each frame
# takes, in milliseconds.
MOVING = """
([seconds, deltaX, deltaY]) => new Promise((resolve) => {
  const plot = document.querySelector("[role=application]");
  const { left, top, width, height } = plot.getBoundingClientRect();
  const frames = [];
  let began = null, last = null;
  const step = (now) => {
    began ??= now;
    if (last !== null) frames.push(now - last);
    last = now;
    if (now - began > seconds * 1000) {
      resolve(frames);
      return;
    }
    const way = Math.floor((now - began) / 1000) % 2 ? 1 : -1;
    const turned = { deltaX: way * deltaX, deltaY: way * deltaY, bubbles: true, cancelable: true };
    const at = { clientX: left + width / 2, clientY: top + height / 2 };
    if (deltaX || deltaY) plot.dispatchEvent(new WheelEvent("wheel", { ...at, ...turned }));
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
})
"""
TRACED = ["-*", "disabled-by-default-devtools.timeline"]
# Pixels of the wheel in a frame.
MOVES = {"followed": (0, 0), "panned": (8, 0), "zoomed": (0, 8)}
PAINTED = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
LOADED = """performance.getEntriesByType("resource").filter(({ name }) => name.includes("/static/"))
.reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0)"""


@dataclass(frozen=True)
class Watched:
    """A page that was watched: the ticks/s that it showed, and the most seconds that a task of its main thread took, by
    the clock and of the processor.
    """

    ticks_per_second: float
    longest: float
    longest_processor: float


@dataclass(frozen=True)
class Moved:
    """A timeline that moved: the seconds from each frame to the next, and what the main thread took of the processor
    for each on average.
    """

    frames: list[float]
    processor: float


@dataclass(frozen=True)
class Figures:
    """Seconds until something and until the first sensor was shown, of each opening; bytes loaded, as they were sent;
    pages watched; a timeline of nearly 1,000 ticks, by how it moved.
    """

    painted: list[float]
    listed: list[float]
    loaded_bytes: int
    overview: Watched
    timeline: Watched
    moved: dict[str, Moved]


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
        _fill(server)
        address = f"http://127.0.0.1:{server.port}"
        painted, listed, sizes = [], [], 0
        for _ in range(OPENED):
            with opened(browser, f"{address}/") as page:
                page.get_by_role("table", name="Sensors").get_by_role("cell").first.wait_for()
                painted.append(page.evaluate(PAINTED) / 1e3)
                listed.append(page.evaluate("window.firstSensor") / 1e3)
                sizes = page.evaluate(LOADED)
        return Figures(
            painted,
            listed,
            sizes,
            _watched(server, browser, f"{address}/", "sensor_", seconds),
            _watched(server, browser, f"{address}/sensors/project/busy", "busy", seconds),
            _moved(browser, f"{address}/sensors/project/full", seconds / 2),
        )


def _fill(server: MeasuredServer) -> None:
    """Have the sensor `full` tick as often as a timeline tells apart, and stop it."""
    while (server.query(NEWEST)["sensor"]["lastTick"] or {"number": 0})["number"] < FULL:
        time.sleep(0.1)
    server.query(STOP % server.sensor_id("full"))


def _moved(browser: Browser, address: str, seconds: float) -> dict[str, Moved]:
    found: dict[str, Moved] = {}
    for name, (across, along) in MOVES.items():
        with opened(browser, address) as page:
            page.get_by_role("status").filter(has_text="Live").wait_for()
            page.wait_for_timeout(REST_SECONDS * 1e3)
            if page.get_by_text("Counted per").count():
                raise SystemExit("Error: the timeline counts its ticks; nothing was measured.")
            browser.start_tracing(page=page, categories=TRACED)
            frames = [each / 1e3 for each in page.evaluate(MOVING, [seconds, across, along])]
            tasks = _tasks(browser.stop_tracing())
        found[name] = Moved(frames, sum(processor for _, processor in tasks) / 1e6 / len(frames))
    return found


def _watched(server: MeasuredServer, browser: Browser, address: str, names: str, seconds: float) -> Watched:
    with opened(browser, address) as page:
        page.get_by_role("status").filter(has_text="Live").wait_for()
        page.wait_for_timeout(REST_SECONDS * 1e3)
        browser.start_tracing(page=page, categories=TRACED)
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
        f"| loaded for the first screen | {found.loaded_bytes / 1e3:.0f} kB |",
        *(
            f"| {what}, {one.ticks_per_second:.0f} ticks/s: longest task, its processor time "
            f"| {one.longest * 1e3:.0f} ms, {one.longest_processor * 1e3:.0f} ms |"
            for what, one in (("list", found.overview), ("timeline", found.timeline))
        ),
        *(
            f"| timeline of nearly 1,000 ticks, {how}: frame p50, p99; its processor time "
            f"| {percentile(one.frames, 0.5) * 1e3:.1f} ms, {percentile(one.frames, 0.99) * 1e3:.1f} ms; "
            f"{one.processor * 1e3:.1f} ms |"
            for how, one in found.moved.items()
        ),
    ]


if __name__ == "__main__":
    print("\n".join(run()))
