"""What a run of the benchmarks leaves: a table to read, a file for programs, and the tables of the documents."""

import os
import platform
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import msgspec

from benchmarks.comparison import NAMES, Result
from benchmarks.figures import Figure, digits, times_better
from benchmarks.incumbent.environment import Incumbent
from benchmarks.incumbent.storage import Kind

UNMEASURED = "could not be measured"
RESULTS = Path(".benchmarks/results")


class Run(msgspec.Struct):
    """A whole run: when, where, which versions, how much."""

    at: datetime
    machine: str
    versions: str
    form: str
    results: list[Result]


def machine() -> str:
    """Return a line about this machine and what else it was doing."""
    load = os.getloadavg()[0]
    cores = os.cpu_count()
    return f"{cores} cores, {platform.system()} {platform.release()} {platform.machine()}, load {load:.1f} at the begin"


def versions(incumbent: Incumbent | None) -> str:
    """Return a line about what was measured."""
    ours = f"Vedette {version('vedette')}, Python {platform.python_version()}, embedded Postgres with fsync on"
    if incumbent is None:
        return ours
    which = "its newest release whose packages fit together" if incumbent.is_newest else "as it was installed earlier"
    return f"{ours}; Dagster {incumbent.version}, {which}"


def table(results: Sequence[Result]) -> str:
    """Return every figure beside the incumbent's, as a Markdown table."""
    kinds = [kind for kind in NAMES if any(kind in result.theirs for result in results)]
    head = ["what", "Vedette", "aim", *(NAMES[kind] for kind in kinds), *(["times better"] if kinds else [])]
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for result in results:
        lines += [f"| {' | '.join(_cells(result, name, kinds))} |" for name in _names(result)]
    return "\n".join(lines)


def _names(result: Result) -> list[str]:
    """Return the names of the figures, those of the incumbent or of the aims where ours could not be measured."""
    measured = [result.ours, *result.theirs.values()]
    return next(([figure.name for figure in figures] for figures in measured if figures), list(result.aims))


def _cells(result: Result, name: str, kinds: Sequence[Kind]) -> list[str]:
    ours = _named(result.ours, name)
    found = {kind: _named(result.theirs.get(kind, []), name) for kind in kinds}
    cells = [f"{result.work}: {name}", str(ours) if ours else UNMEASURED, result.aims.get(name, "")]
    cells += [str(theirs) if (theirs := found[kind]) else _absent(result, kind) for kind in kinds]
    return [*cells, *([_ratio(ours, list(found.values())) if ours else ""] if kinds else [])]


def _absent(result: Result, kind: Kind) -> str:
    if any(problem.startswith(NAMES[kind]) for problem in result.problems):
        return UNMEASURED
    return "" if result.theirs and kind not in result.theirs else result.none


def _named(figures: Sequence[Figure], name: str) -> Figure | None:
    return next((figure for figure in figures if figure.name == name), None)


def _ratio(ours: Figure, theirs: Sequence[Figure | None]) -> str:
    """Return how many times better ours is than the better of theirs."""
    ratios = [ratio for each in theirs if each and (ratio := times_better(ours, each)) is not None]
    return digits(min(ratios)) if ratios else ""


def save(run: Run, folder: Path = RESULTS) -> Path:
    """Write the run as JSON into a file of its own; return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{run.at:%Y-%m-%dT%H%M%S}.json"
    file.write_bytes(msgspec.json.format(msgspec.json.encode(run)))
    return file


def now() -> datetime:
    """Return this moment, to the second."""
    return datetime.now(UTC).replace(microsecond=0)


def replace_between(file: Path, marker: str, text: str) -> None:
    """Put `text` between `<!-- marker -->` and `<!-- /marker -->` of a document; raises ValueError without these."""
    document = file.read_text()
    pattern = rf"(<!-- {re.escape(marker)} -->\n).*?(<!-- /{re.escape(marker)} -->)"
    replaced, found = re.subn(pattern, lambda match: f"{match[1]}{text}\n{match[2]}", document, flags=re.DOTALL)
    if found != 1:
        raise ValueError(f"{file} has no part between <!-- {marker} --> and <!-- /{marker} -->")
    file.write_text(replaced)


def load(file: Path) -> Run:
    """Return the run of a file that `save` wrote; raises msgspec.ValidationError where it is none."""
    return msgspec.json.decode(file.read_bytes(), type=Run)


def publish(runs: Sequence[Run], performance: Path, readme: Path) -> None:
    """Put the runs' table into the documents: all of it into one, the figures with an aim into the other.

    Of several runs each tells of the rows that no later one has.
    """
    rows = {result.word: result for run in runs for result in run.results}
    told = {word: number for number, run in enumerate(runs) for word in (result.word for result in run.results)}
    said = _said([run for number, run in enumerate(runs) if number in told.values()])
    replace_between(performance, "figures", f"{said}\n\n{table(list(rows.values()))}")
    replace_between(readme, "figures", f"{said}\n\n{table(_aimed(list(rows.values())))}")


def _said(runs: Sequence[Run]) -> str:
    """Return what was measured, where and when; what several runs have in common once."""
    versions = dict.fromkeys(run.versions for run in runs)
    told = [each for each in versions if not any(other != each and other.startswith(each) for other in versions)]
    places: dict[str, list[str]] = {}
    for run in runs:
        place, _, load = run.machine.partition(", load ")
        places.setdefault(place, []).append(f"{load.removesuffix(' at the begin')} on {run.at:%Y-%m-%d} ({run.form})")
    where = [f"{place}; load at the begin: {', '.join(loads)}." for place, loads in places.items()]
    return " ".join([*(f"{each}." for each in told), *where])


def _aimed(results: Sequence[Result]) -> list[Result]:
    """Return the results with only those figures that were aimed at."""
    return [
        msgspec.structs.replace(result, ours=[figure for figure in result.ours if figure.name in result.aims])
        for result in results
        if result.aims
    ]
