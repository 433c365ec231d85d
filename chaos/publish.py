"""`python -m chaos.publish RESULTS DOCUMENT`: writes the results of the fault matrix into the marked part of a file.

Exit code 1 if a cell does not hold or was not run.
"""

import os
import platform
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from chaos.cells import CELLS, FAULTS, POINTS, Result, read

BEGIN, END = "<!-- results of the fault matrix -->", "<!-- end of the results -->"
HEADS = {"kill": "SIGKILL", "term": "SIGTERM", "stop": "SIGSTOP, SIGCONT", "error": "exception", "timeout": "timed out"}


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which `share` of `values` lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def machine() -> str:
    """Return what it was run on."""
    memory = psutil.virtual_memory().total / 2**30
    system = f"{platform.system()} {platform.release()}, Python {platform.python_version()}"
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {system}"


def mark(result: Result | None) -> str:
    """Return what the table says of one cell."""
    if result is None:
        return "not run"
    return f"{result.recovery:.1f} s" if result.holds else "**broken**"


def table(results: Mapping[str, Result]) -> list[str]:
    """Return the lines of the table: a row a point, a column a fault."""
    lines = ["| process, point | " + " | ".join(HEADS[fault] for fault in FAULTS) + " |", "|---" * 6 + "|"]
    for role, points in POINTS.items():
        for point in points:
            marks = [mark(results.get(f"{role}-{point}-{fault}")) for fault in FAULTS]
            lines.append(f"| {role} `{point}` | " + " | ".join(marks) + " |")
    return lines


def summary(results: Mapping[str, Result]) -> str:
    """Return the sentence above the table."""
    holding = [result.recovery for result in results.values() if result.holds]
    commits = ", ".join(sorted({result.commit for result in results.values()}))
    days = sorted({result.at for result in results.values()})
    figures = (
        f"Recovery, from the fault until everything that had happened by then and just after was dealt with: p50 "
        f"{percentile(holding, 0.5):.1f} s, p99 {percentile(holding, 0.99):.1f} s."
        if holding
        else ""
    )
    return (
        f"{len(results)} of {len(CELLS)} cells run, {len(holding)} hold. {figures} "
        f"{machine()}; {' to '.join(dict.fromkeys((days[0], days[-1])))}; commit {commits}."
    )


def main() -> None:
    """Replace the marked part."""
    source, document = map(Path, sys.argv[1:3])
    known = {str(cell) for cell in CELLS}
    results = {name: result for name, result in read(source.read_text().splitlines()).items() if name in known}
    if not results:
        raise SystemExit(f"{source} holds no results; `make matrix` makes some.")
    before, _, rest = document.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    document.write_text("\n".join([before + BEGIN, summary(results), "", *table(results), END]) + after)
    bad = [name for name in known if name not in results or not results[name].holds]
    sys.stdout.write(f"{summary(results)}\n" + "".join(f"not shown to hold: {name}\n" for name in sorted(bad)))
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
