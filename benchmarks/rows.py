"""The rows of the comparison: the work, who measures it on either side, and what was aimed at."""

from benchmarks import interface, ours
from benchmarks.comparison import Row
from benchmarks.incumbent import bursts, files, pages, runs, slow, start, ticks

LATE = {"lateness, p99": "under 50 ms", "CPU of all processes per tick": "under 0.15 ms"}

INCUMBENT_HISTORY = f"Dagster: {pages.TICKS:,} and {pages.RUNS:,}"

ROWS = (
    Row(
        "ticks",
        lambda _: "500 trivial sensors, due every second",
        lambda effort: ours.trivial(500, "quiet", effort),
        lambda incumbent, kind, effort: ticks.measure(incumbent, kind, 500, effort.incumbent_seconds),
        aims=LATE | {"ticks recorded": "500 /s"},
    ),
    Row(
        "many",
        lambda _: "10,000 trivial sensors, due every second",
        lambda effort: ours.trivial(10_000, "quiet", effort),
        lambda incumbent, kind, effort: ticks.measure(incumbent, kind, 10_000, effort.incumbent_seconds),
        aims=LATE | {"ticks recorded": "10,000 /s"},
        short=False,
    ),
    Row(
        "reasons",
        lambda _: "10,000 sensors that give a new reason each second",
        lambda effort: ours.trivial(10_000, "reason", effort),
        none="as above: it writes a row for every tick",
        short=False,
    ),
    Row(
        "bursts",
        lambda effort: f"one sensor asks for {effort.requests:,} runs",
        ours.burst,
        lambda incumbent, kind, effort: bursts.measure(incumbent, kind, effort.requests),
        aims={"new, until all are queued": "under 0.15 s", "the same again, all run keys spent": "under 0.05 s"},
    ),
    Row(
        "events",
        lambda _: "event to first line of the op",
        ours.events,
        lambda incumbent, kind, effort: files.measure(incumbent, kind, effort.incumbent_files),
        aims={
            "file dropped, p50": "under 10 ms",
            "file dropped, p99": "under 40 ms",
            "`tickSensor` sent, p50": "under 10 ms",
        },
        none="has no such mutation",
    ),
    Row(
        "runs",
        lambda _: "short runs, each in its own process",
        ours.runs,
        lambda incumbent, kind, effort: runs.measure(incumbent, kind, effort.incumbent_runs),
        aims={"launched": "200 /s"},
    ),
    Row(
        "reactions",
        lambda _: "a sensor that watches runs, 200 of them finishing a second, none missed",
        ours.reacting,
        aims={"end of a run to the sensor's first line, p99": "under 100 ms"},
        none="handles 5 runs each time its interval is over: 10 a minute at its default of 30 s",
    ),
    Row(
        "slow",
        lambda _: "15 sensors that take 1 s each, due every second",
        ours.slow,
        lambda incumbent, kind, effort: slow.measure_slow(incumbent, kind, effort.slow_seconds),
        aims={"start to start, median": "1 s"},
    ),
    Row(
        "stuck",
        lambda effort: f"{effort.others:,} sensors beside one that takes {effort.stuck_seconds:g} s",
        ours.stuck,
        lambda incumbent, kind, effort: slow.measure_stuck(incumbent, kind, effort.others, effort.stuck_seconds),
        aims={"lateness of the others, p99, meanwhile": "as before"},
        none="see the rates above",
    ),
    Row(
        "start",
        lambda _: "one sensor, start of everything",
        ours.starts,
        lambda incumbent, kind, effort: start.measure(incumbent, kind, effort.incumbent_starts),
        storages=("sqlite",),
        aims={
            "to the first GraphQL answer, cold": "1.2 s",
            "to the first GraphQL answer, warm": "0.6 s",
            "memory of all processes at rest (PSS)": "180 MB",
        },
    ),
    Row(
        "pages",
        lambda effort: f"{effort.history_ticks:,} ticks and {effort.history_runs:,} runs ({INCUMBENT_HISTORY})",
        ours.lists,
        lambda incumbent, kind, effort: pages.measure(incumbent, kind, effort.pages),
        aims={f"page of 100 {what}, p99": "under 10 ms" for what in pages.PAGES},
    ),
    Row(
        "lists",
        lambda effort: (
            f"every list over {effort.history_ticks:,} ticks and {effort.history_runs:,} runs, storage alone"
        ),
        ours.slowest_list,
        aims={"p99 of the list with the highest": "under 10 ms"},
        none="see the pages above",
        short=False,
    ),
    Row(
        "api",
        lambda _: "the API and stock strawberry on the same schema, resolvers and rows",
        ours.beside_stock,
        aims={
            "100 sensors, each with its last tick, 16 clients, times stock": "15",
            "100 sensors, each with its last tick, p50": "under 4 ms",
        },
        none="see the pages above",
        short=False,
    ),
    Row(
        "subscriptions",
        lambda _: "1,000 subscribers of `ticks`, one server process",
        ours.subscribers,
        aims={"messages": "40,000 /s", "one tick a second to all, p99": "under 60 ms"},
        none="has no stream of ticks",
        short=False,
    ),
    Row(
        "interface",
        lambda _: "the web interface in Chromium, on the same machine",
        ours.in_the_browser,
        aims={
            "first paint": "under 1 s",
            "loaded for the first screen, gzipped": "under 250 kB",
            "longest task meanwhile": "under 100 ms",
            "longest task of the timeline": "under 100 ms",
            **{f"frame of a timeline of 1,000 ticks that is {how}, p50": "16.7 ms" for how in interface.MOVES},
        },
        none="not measured: its pages poll",
        short=False,
    ),
)

WORDS = tuple(row.word for row in ROWS)
