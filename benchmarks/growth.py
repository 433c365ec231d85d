"""How cost grows with the number of sensors: ticks/s, lateness, CPU and memory, as a table and a plot."""

import subprocess
from pathlib import Path

import click
import msgspec
import uv

from benchmarks import report, ticks
from benchmarks.figures import digits
from benchmarks.server import percentile

DOCUMENT = Path("docs/performance.md")
PLOT = Path("docs/images/growth.svg")
SCRIPT = Path(__file__).with_name("plotting.py")
DRAW_SECONDS = 600.0
# 10,000 ticks/s is what was aimed at on two cores: more sensors than that are due less often.
POINTS = ((10, 1.0), (100, 1.0), (1_000, 1.0), (10_000, 1.0), (30_000, 3.0))


class Point(msgspec.Struct, frozen=True):
    """One number of sensors, each due every `interval` seconds. Lateness is from due to committed."""

    sensors: int
    interval: float
    ticks_per_second: float
    late_p50_ms: float
    late_p99_ms: float
    cores: float
    cpu_ms_per_tick: float
    memory_mb: float
    start_seconds: float


def measure(sensors: int, interval: float, seconds: float) -> Point:
    """Measure one number of sensors that write a tick each time."""
    found = ticks.measure(sensors, interval, max(seconds, 3 * interval), "reason")
    late = found.due_to_committed
    return Point(
        sensors=sensors,
        interval=interval,
        ticks_per_second=found.ticks_per_second,
        late_p50_ms=percentile(late, 0.5) * 1e3,
        late_p99_ms=percentile(late, 0.99) * 1e3,
        cores=found.cpu_ms * found.ticks_per_second / 1e3,
        cpu_ms_per_tick=found.cpu_ms,
        memory_mb=sum(found.memory_mb.values()),
        start_seconds=found.start_seconds,
    )


HEAD = (
    "sensors", "due every", "ticks/s asked", "ticks/s", "late p50", "late p99", "CPU", "CPU per tick", "memory (PSS)",
    "start until all ticked",
)  # fmt: skip


def table(points: list[Point]) -> str:
    """Return the points as a Markdown table."""
    return "\n".join([f"| {' | '.join(HEAD)} |", "|---" * len(HEAD) + "|", *map(_line, points)])


def _line(point: Point) -> str:
    cells = (
        f"{point.sensors:,}",
        f"{point.interval:g} s",
        digits(point.sensors / point.interval),
        digits(point.ticks_per_second),
        f"{digits(point.late_p50_ms)} ms",
        f"{digits(point.late_p99_ms)} ms",
        f"{digits(point.cores)} cores",
        f"{digits(point.cpu_ms_per_tick)} ms",
        f"{digits(point.memory_mb)} MB",
        f"{digits(point.start_seconds)} s",
    )
    return f"| {' | '.join(cells)} |"


def plot(points: list[Point], picture: Path) -> None:
    """Draw the points into an SVG file; raises click.ClickException where the drawing library cannot be had."""
    report.RESULTS.mkdir(parents=True, exist_ok=True)
    data = report.RESULTS / "growth.json"
    data.write_bytes(msgspec.json.encode(points))
    command = [uv.find_uv_bin(), "run", "--quiet", "--no-project", "--script", str(SCRIPT), str(data), str(picture)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DRAW_SECONDS, check=False)
    if done.returncode:
        raise click.ClickException(f"The plot cannot be drawn: {' '.join(done.stderr.split())[:300]}")


def _points(_context: click.Context, _parameter: click.Parameter, value: str) -> list[tuple[int, float]]:
    try:
        numbers = [int(word) for word in value.replace(",", " ").split()]
    except ValueError:
        raise click.BadParameter(f"{value!r} is not a list of numbers, as in 10,100,1000") from None
    known = dict(POINTS)
    return [(number, known.get(number, 1.0)) for number in numbers] or list(POINTS)


@click.command("growth")
@click.option("--sensors", "points", default="", callback=_points, help="Numbers of sensors, as in 10,100,1000.")
@click.option("--seconds", type=click.FloatRange(min=1), default=20.0, help="How long each is measured.")
@click.option("--write", is_flag=True, help="Put table and plot into docs/performance.md.")
def command(points: list[tuple[int, float]], seconds: float, write: bool) -> None:
    """Measure ticks/s, lateness, CPU and memory by number of sensors."""
    click.echo(report.machine(), err=True)
    found = []
    for sensors, interval in points:
        click.echo(f"{sensors:,} sensors, due every {interval:g} s …", err=True)
        found.append(measure(sensors, interval, seconds))
        click.echo(_line(found[-1]), err=True)
    click.echo(table(found))
    if write:
        plot(found, PLOT)
        said = f"{report.versions(None)}; {report.machine()}; {report.now():%Y-%m-%d}."
        picture = f"![Growth with the number of sensors]({PLOT.relative_to(DOCUMENT.parent)})"
        report.replace_between(DOCUMENT, "growth", f"{said}\n\n{table(found)}\n\n{picture}")
        click.echo(f"{DOCUMENT} and {PLOT} are these now.", err=True)
