"""The measurements of Vedette as figures under the names that the incumbent's have: see `benchmarks/incumbent/`."""

import asyncio
import statistics

from benchmarks import (
    api,
    bursts,
    history,
    interface,
    latency,
    launching,
    pages,
    reactions,
    start,
    subscriptions,
    ticks,
)
from benchmarks.effort import Effort
from benchmarks.figures import Figure
from benchmarks.server import percentile

MS = 1e3


def trivial(sensors: int, kind: str, effort: Effort) -> list[Figure]:
    """Return the rate, lateness, CPU time and memory of `sensors` sensors due every second."""
    found = ticks.measure(sensors, 1.0, effort.seconds, kind)
    return [
        Figure("ticks recorded", found.ticks_per_second, "/s", more_is_better=True),
        Figure("CPU of all processes per tick", found.cpu_ms, "ms"),
        Figure("lateness, p50", percentile(found.due_to_committed, 0.5) * MS, "ms"),
        Figure("lateness, p99", percentile(found.due_to_committed, 0.99) * MS, "ms"),
        Figure("memory meanwhile (PSS)", sum(found.memory_mb.values()), "MB"),
    ]


def burst(effort: Effort) -> list[Figure]:
    """Return how long one tick's run requests take until all are queued."""
    found = bursts.measure(effort.requests)
    return [
        Figure("new, until all are queued", statistics.median(found.new), "s"),
        Figure("the same again, all run keys spent", statistics.median(found.spent), "s"),
    ]


def events(effort: Effort) -> list[Figure]:
    """Return how long it takes from an event to the first line of the op."""
    found = latency.measure(effort.files)
    ways = {"file dropped": found.watched, "`tickSensor` sent": found.asked}
    return [
        Figure(f"{way}, {name}", percentile(seconds, share) * MS, "ms")
        for way, seconds in ways.items()
        for name, share in (("p50", 0.5), ("p99", 0.99))
    ]


def runs(effort: Effort) -> list[Figure]:
    """Return how many short runs are launched a second."""
    return [Figure("launched", launching.measure(effort.runs).per_second, "/s", more_is_better=True)]


def reacting(effort: Effort) -> list[Figure]:
    """Return how soon a sensor that watches runs is called, 200 finishing a second."""
    found = reactions.measure(200, effort.seconds)
    return [
        Figure("runs that end", found.per_second, "/s", more_is_better=True),
        Figure("end of a run to the sensor's first line, p50", percentile(found.seconds, 0.5) * MS, "ms"),
        Figure("end of a run to the sensor's first line, p99", percentile(found.seconds, 0.99) * MS, "ms"),
    ]


def slow(effort: Effort) -> list[Figure]:
    """Return how far apart sensors are evaluated that take a second each."""
    found = ticks.measure(15, 1.0, effort.seconds, "second")
    return [Figure("start to start, median", statistics.median(found.gaps), "s")]


def stuck(effort: Effort) -> list[Figure]:
    """Return what the others do while one sensor takes long, and what they did without it."""
    before = ticks.measure(effort.others, 1.0, effort.seconds)
    during = ticks.measure(effort.others, 1.0, effort.seconds, slow=effort.stuck_seconds)
    return [
        Figure("the others, before", before.ticks_per_second, "/s", more_is_better=True),
        Figure("the others, meanwhile", during.ticks_per_second, "/s", more_is_better=True),
        Figure("lateness of the others, p99, before", percentile(before.due_to_committed, 0.99) * MS, "ms"),
        Figure("lateness of the others, p99, meanwhile", percentile(during.due_to_committed, 0.99) * MS, "ms"),
    ]


def starts(effort: Effort) -> list[Figure]:
    """Return the seconds to the first answer, and the memory at rest."""
    found = start.measure(effort.starts)
    return [
        Figure("to the first GraphQL answer, cold", statistics.median(found.cold), "s"),
        Figure("to the first GraphQL answer, warm", statistics.median(found.warm), "s"),
        Figure("memory of all processes at rest (PSS)", sum(found.memory.values()), "MB"),
    ]


def lists(effort: Effort) -> list[Figure]:
    """Return how long a client waits for a page of 100 over a long history."""
    found = pages.measure(effort.history_ticks, effort.history_runs, effort.pages)
    return [
        Figure(f"page of 100 {what}, {name}", percentile(seconds, share) * MS, "ms")
        for what, seconds in found.seconds.items()
        for name, share in (("p50", 0.5), ("p99", 0.99))
    ]


def slowest_list(effort: Effort) -> list[Figure]:
    """Return the slowest of all lists as the database answers them, without GraphQL."""
    found = asyncio.run(history.measure(effort.history_ticks, effort.history_runs, effort.pages))
    return [
        Figure("p50 of the list with the highest", max(each.p50 for each in found.figures), "ms"),
        Figure("p99 of the list with the highest", max(each.p99 for each in found.figures), "ms"),
    ]


def beside_stock(_: Effort) -> list[Figure]:
    """Return requests/s and latencies of the API, and how many times those of stock strawberry they are."""
    return [
        figure
        for what, found in asyncio.run(api.measure()).items()
        for figure in _beside_stock(what, found["vedette"], found["stock"])
    ]


def _beside_stock(what: str, found: api.Figures, stock: api.Figures) -> list[Figure]:
    return [
        Figure(f"{what}, {api.CLIENTS} clients", found.rate, "/s", more_is_better=True),
        Figure(f"{what}, {api.CLIENTS} clients, times stock", found.rate / stock.rate, "", more_is_better=True),
        Figure(f"{what}, CPU, times less than stock", stock.cpu_seconds / found.cpu_seconds, "", more_is_better=True),
        Figure(f"{what}, p50", percentile(found.seconds, 0.5) * MS, "ms"),
        Figure(f"{what}, p99", percentile(found.seconds, 0.99) * MS, "ms"),
    ]


def subscribers(_: Effort) -> list[Figure]:
    """Return what telling 1,000 subscribers of ticks takes, on one server process."""
    found = asyncio.run(subscriptions.measure())
    return [
        Figure("messages", found.messages / found.seconds, "/s", more_is_better=True),
        Figure("messages per second of its CPU", found.messages / found.cpu_seconds, "", more_is_better=True),
        Figure("one tick a second to all, p50", percentile(found.latencies, 0.5) * MS, "ms"),
        Figure("one tick a second to all, p99", percentile(found.latencies, 0.99) * MS, "ms"),
        Figure("memory per subscriber", found.bytes_per_client / 1024, "KiB"),
    ]


def in_the_browser(effort: Effort) -> list[Figure]:
    """Return how soon the interface shows something, what it loads for that, and its longest tasks under load."""
    found = interface.measure(effort.seconds)
    return [
        Figure("first paint", statistics.median(found.painted) * MS, "ms"),
        Figure("first sensor shown", statistics.median(found.listed) * MS, "ms"),
        Figure("loaded for the first screen, gzipped", found.loaded_bytes / 1e3, "kB"),
        Figure("ticks shown in the list", found.overview.ticks_per_second, "/s", more_is_better=True),
        Figure("longest task meanwhile", found.overview.longest * MS, "ms"),
        Figure("most processor time of a task meanwhile", found.overview.longest_processor * MS, "ms"),
        Figure("ticks shown on a timeline", found.timeline.ticks_per_second, "/s", more_is_better=True),
        Figure("longest task of the timeline", found.timeline.longest * MS, "ms"),
        Figure("most processor time of a task of the timeline", found.timeline.longest_processor * MS, "ms"),
        *(figure for how, one in found.moved.items() for figure in _moved(how, one)),
    ]


def _moved(how: str, one: interface.Moved) -> list[Figure]:
    frame = f"frame of a timeline of 1,000 ticks that is {how}"
    return [
        Figure(f"{frame}, p50", percentile(one.frames, 0.5) * MS, "ms"),
        Figure(f"{frame}, p99", percentile(one.frames, 0.99) * MS, "ms"),
        Figure(f"{frame}, processor time", one.processor * MS, "ms"),
    ]
