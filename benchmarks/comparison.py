"""Measures rows: Vedette first and then the incumbent, on the same work in the same run."""

import functools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from benchmarks.effort import Effort
from benchmarks.figures import Figure, medians
from benchmarks.incumbent.environment import Incumbent
from benchmarks.incumbent.storage import Kind

Say = Callable[[str], None]
NAMES: dict[Kind, str] = {"sqlite": "Dagster on SQLite", "postgres": "Dagster on Postgres"}


@dataclass(frozen=True)
class Row:
    """Some work and who measures it.

    `aims` are by name of figure; `none` says why the incumbent has no figure; `short` whether the short form has it.
    """

    word: str
    work: Callable[[Effort], str]
    ours: Callable[[Effort], list[Figure]]
    theirs: Callable[[Incumbent, Kind, Effort], list[Figure]] | None = None
    storages: Sequence[Kind] = ("sqlite", "postgres")
    aims: Mapping[str, str] = field(default_factory=dict)
    none: str = "none"
    short: bool = True


class Result(msgspec.Struct):
    """What came of one row: figures of each side by name, and a sentence for each measurement that failed."""

    word: str
    work: str
    ours: list[Figure]
    theirs: dict[Kind, list[Figure]]
    aims: dict[str, str]
    none: str
    problems: list[str]


def compare(
    row: Row, effort: Effort, repeats: int, incumbent: Incumbent | None, kinds: Sequence[Kind], say: Say
) -> Result:
    """Measure one row: ours `repeats` times, of which the medians count, the incumbent once on each kind of storage."""
    problems: list[str] = []
    ours = [_attempt("Vedette", lambda: row.ours(effort), problems, say) for _ in range(repeats)]
    theirs: dict[Kind, list[Figure]] = {}
    if incumbent is not None and row.theirs is not None:
        measure = row.theirs
        for kind in (kind for kind in row.storages if kind in kinds):
            theirs[kind] = _attempt(NAMES[kind], functools.partial(measure, incumbent, kind, effort), problems, say)
    known = [figures for figures in ours if figures]
    work = row.work(effort)
    return Result(row.word, work, medians(known) if known else [], theirs, dict(row.aims), row.none, problems)


def _attempt(who: str, measure: Callable[[], list[Figure]], problems: list[str], say: Say) -> list[Figure]:
    """Return what was measured; nothing, and a sentence in `problems`, where it failed: the other rows go on."""
    say(f"    {who} …")
    began = time.monotonic()
    try:
        figures = measure()
    except (Exception, SystemExit) as error:
        # Of a log, its end tells most.
        problems.append(f"{who} could not be measured: {type(error).__name__}: {' '.join(str(error).split())[-300:]}")
        say(f"      {problems[-1]}")
        return []
    told = ", ".join(f"{figure.name} {figure}" for figure in figures)
    say(f"      {told} ({time.monotonic() - began:.0f} s)")
    return figures
