"""Notes that user code takes, of Vedette and of the incumbent alike: which sensor was evaluated, and when.

`benchmarks/projects/` writes them, one record an evaluation, into the file `notes` beside the project.
"""

import itertools
import struct
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

NOTE = struct.Struct("<Id")


def read(file: Path, since: float = 0.0, until: float = float("inf")) -> dict[int, list[float]]:
    """Return the moments (seconds of the epoch) of the evaluations from `since` to `until`, by number of sensor."""
    starts: dict[int, list[float]] = defaultdict(list)
    if file.exists():
        whole = file.stat().st_size // NOTE.size * NOTE.size
        for number, at in NOTE.iter_unpack(file.read_bytes()[:whole]):
            if since <= at < until:
                starts[number].append(at)
    return starts


def intervals(starts: dict[int, list[float]]) -> list[float]:
    """Return the seconds from start to start of every two evaluations of the same sensor."""
    return [later - earlier for times in starts.values() for earlier, later in itertools.pairwise(times)]


def count(starts: dict[int, list[float]]) -> int:
    """Return the number of evaluations."""
    return sum(map(len, starts.values()))


def wait_until(condition: Callable[[], bool], what: str, seconds: float) -> None:
    """Return once `condition` is true, asked every 50 ms; raises TimeoutError that names `what`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds:g} s: {what}")
        time.sleep(0.05)
