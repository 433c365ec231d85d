"""A long run under steady work, to see whether anything grows: memory, descriptors, tasks, connections, tables.

Each quantity is sampled every few seconds. Over the second half its slope is estimated (`benchmarks/trends.py`); it
grows if the slope's lower bound is above the tolerance, and is flat if its upper bound is within. What is neither is
too noisy for a run of this length. The tolerance is TOLERANCES or SHARE of the level an hour, whichever is more.
History is kept for minutes, in partitions of one, and so flat as well; but for run keys, which are kept for
ever, and skips, which are kept for a day at least: their slope says how much an hour adds.
"""

import asyncio
import statistics
import sys
import time
from pathlib import Path
from typing import Literal

import click
import msgspec

from benchmarks import projects, report
from benchmarks.figures import digits
from benchmarks.probe import Probe, Sample
from benchmarks.server import MeasuredServer, measured
from benchmarks.trends import Trend, Verdict, trend
from vedette.storage.embedded.postgres import EmbeddedPostgres

DOCUMENT = Path("docs/performance.md")
SAMPLE_SECONDS = 5.0
PROGRESS_SECONDS = 60.0
HOUR = 3600.0
# For how long history is kept, and how often it is looked after.
KEPT = 4 / (24 * 60)
KEEPING = {f"keep_{kind}_days": KEPT for kind in ("skipped", "success", "failure", "cursors", "runs", "changes")}
KEEPING["retention_seconds"] = 20.0
# An hour's growth that counts as none, by unit: at least this much, and SHARE of the level.
TOLERANCES = {"MB": 2.0, "": 1.0}
SHARE = 0.02
MEMORY = ("memory of server, MB", "memory of user code, MB", "memory of postgres, MB", "memory of guardian, MB")


class Quantity(msgspec.Struct, frozen=True):
    """What became of one quantity in the second half; slopes per hour."""

    name: str
    unit: str
    begin: float
    end: float
    slope: float
    low: float
    high: float
    tolerance: float
    verdict: Verdict | Literal["history"]


def judge(name: str, samples: list[Sample]) -> Quantity:
    """Return what the second half of the samples tells of the quantity `name`."""
    half = samples[len(samples) // 2 :]
    points = [(sample.at, sample.values[name]) for sample in half if name in sample.values]
    unit = "MB" if name.endswith("MB") else ""
    values = [value for _, value in points]
    level = statistics.median(values)
    tolerance = max(TOLERANCES[unit], SHARE * level)
    found = trend(points) if len(points) > 2 else Trend(0.0, float("-inf"), float("inf"))
    slope, low, high = (each * HOUR for each in found)
    few = max(1, len(values) // 10)
    begin, end = statistics.median(values[:few]), statistics.median(values[-few:])
    verdict = "history" if name.startswith("history") else Trend(slope, low, high).verdict(tolerance)
    return Quantity(name, unit, begin, end, slope, low, high, tolerance, verdict)


def table(quantities: list[Quantity]) -> str:
    """Return the quantities as a Markdown table."""
    lines = [
        "| what | half way | at the end | slope per hour (95 %) | tolerance | verdict |",
        "|---|---|---|---|---|---|",
    ]
    return "\n".join([*lines, *map(_line, quantities)])


def _line(quantity: Quantity) -> str:
    slope = f"{digits(quantity.slope)} ({digits(quantity.low)} to {digits(quantity.high)})"
    cells = (quantity.name, digits(quantity.begin), digits(quantity.end), slope, digits(quantity.tolerance))
    return f"| {' | '.join(cells)} | {quantity.verdict} |"


async def _soak(server: MeasuredServer, minutes: float) -> list[Sample]:
    async with EmbeddedPostgres(server.folder / "home") as postgres:
        with server.running(**KEEPING):
            async with Probe(server, postgres.url) as probe:
                return await _watch(probe, minutes * 60)


async def _watch(probe: Probe, seconds: float) -> list[Sample]:
    samples: list[Sample] = []
    began = told = time.monotonic()
    while time.monotonic() < began + seconds:
        samples.append(await probe.sample(time.monotonic() - began))
        if time.monotonic() - told >= PROGRESS_SECONDS:
            told = time.monotonic()
            click.echo(f"{(told - began) / 60:4.0f} min  {_told(samples[-1], samples[0])}", err=True)
        await asyncio.sleep(SAMPLE_SECONDS)
    return samples


def _told(now: Sample, first: Sample) -> str:
    seconds = max(1.0, now.at - first.at)
    memory = sum(now.values.get(name, 0.0) for name in MEMORY)
    return (
        f"{(now.ticks - first.ticks) / seconds:,.0f} rows of ticks/s, {now.runs - first.runs:,} runs done, "
        f"{now.failed} failed, {memory:.0f} MB in all processes"
    )


def _save(samples: list[Sample]) -> Path:
    report.RESULTS.mkdir(parents=True, exist_ok=True)
    file = report.RESULTS / f"soak-{report.now():%Y-%m-%dT%H%M%S}.json"
    file.write_bytes(msgspec.json.encode([sample._asdict() for sample in samples]))
    return file


@click.command("soak")
@click.option("--minutes", type=click.FloatRange(min=1), default=30.0, show_default=True)
@click.option("--sensors", type=click.IntRange(min=1), default=1_000, show_default=True)
@click.option("--runs", type=click.IntRange(min=10), default=100, show_default=True, help="Runs a minute.")
@click.option("--write", is_flag=True, help="Put the verdict into docs/performance.md.")
def command(minutes: float, sensors: int, runs: int, write: bool) -> None:
    """Work steadily for a while and look whether anything grows; exit code 1 if it does."""
    said = f"{minutes:g} minutes, {sensors:,} sensors due every second, {runs} runs a minute"
    click.echo(f"{said}; {report.machine()}", err=True)
    with measured(projects.source("soak", sensors=sensors, runs_per_minute=runs)) as server:
        samples = asyncio.run(_soak(server, minutes))
    quantities = [judge(name, samples) for name in samples[-1].values]
    growing = [quantity.name for quantity in quantities if quantity.verdict == "grows"]
    unsure = [quantity.name for quantity in quantities if quantity.verdict == "too short to tell"]
    verdict = f"Growing: {', '.join(growing)}." if growing else "Nothing grows."
    if unsure:
        verdict += f" Of {len(unsure)} quantities {minutes:g} minutes are too short to tell."
    told = f"{said}; {_told(samples[-1], samples[0])}. {verdict}"
    click.echo(f"{table(quantities)}\n\n{told}")
    click.echo(f"The samples are in {_save(samples)}.", err=True)
    if write:
        report.replace_between(DOCUMENT, "soak", f"{report.now():%Y-%m-%d}: {told}\n\n{table(quantities)}")
    sys.exit(1 if growing else 0)
