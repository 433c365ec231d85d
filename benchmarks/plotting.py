# /// script
# requires-python = ">=3.11"
# dependencies = ["matplotlib>=3.10"]
# ///
"""Draws the growth plot: `uv run benchmarks/plotting.py points.json growth.svg`, with matplotlib in a place of its own.

points.json is a list of points as `benchmarks/growth.py` measures them.
"""

import json
import sys
from pathlib import Path

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.ticker import NullLocator

PANELS = {
    "ticks_per_second": "ticks/s",
    "late_p99_ms": "due to committed, p99, ms",
    "cores": "CPU of all processes, cores",
    "memory_mb": "memory of all processes (PSS), MB",
}


def draw(points: list[dict[str, float]], file: Path) -> None:
    """Draw one panel a quantity over the number of sensors, both logarithmic."""
    mpl.use("svg")
    # The same figures give the same file.
    mpl.rcParams["svg.hashsalt"] = "growth"
    figure, axes = plt.subplots(2, 2, figsize=(10, 6.4), sharex=True, layout="constrained")
    sensors = [point["sensors"] for point in points]
    for axis, (name, title) in zip(axes.flat, PANELS.items(), strict=True):
        axis.loglog(sensors, [point[name] for point in points], marker="o")
        if name == "ticks_per_second":
            asked = [point["sensors"] / point["interval"] for point in points]
            axis.loglog(sensors, asked, linestyle=":", color="gray", label="asked for")
            axis.legend(frameon=False)
        axis.set_title(title, fontsize=10)
        axis.set_xticks(sensors, [f"{number:,}" for number in sensors])
        axis.xaxis.set_minor_locator(NullLocator())
        axis.grid(alpha=0.3)
    for axis in axes[1]:
        axis.set_xlabel("sensors")
    figure.savefig(file, metadata={"Date": None, "Creator": None})


if __name__ == "__main__":
    draw(json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]))
