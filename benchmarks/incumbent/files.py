"""From a file to the first line of the incumbent's op, its sensor due every second."""

import random
import time

from benchmarks import projects
from benchmarks.figures import Figure
from benchmarks.incumbent import storage
from benchmarks.incumbent.deployment import START_SECONDS, deployed
from benchmarks.incumbent.environment import Incumbent
from benchmarks.notes import wait_until
from benchmarks.server import percentile

# Its loop over the sensors: files are dropped evenly over its phase.
LOOP_SECONDS = 5.0
FILE_SECONDS = 90.0


def measure(incumbent: Incumbent, kind: storage.Kind, files: int) -> list[Figure]:
    """Drop `files` files, one at a time; return percentiles of the seconds to the op's own note."""
    source = projects.source("folder", "dagster")
    seconds = []
    with deployed(incumbent, kind, source) as deployment:
        inbox, begun = deployment.home / "inbox", deployment.home / "begun"
        inbox.mkdir()
        begun.mkdir()
        wait_until(lambda: bool(storage.ticks(deployment.records)), "the incumbent's first tick", START_SECONDS)
        for number in range(files):
            time.sleep(random.uniform(0, LOOP_SECONDS))
            dropped = time.time()
            (inbox / f"file-{number}").touch()
            note = begun / f"file-{number}"
            wait_until(note.exists, "the incumbent's op", FILE_SECONDS)
            seconds.append(float(note.read_text()) - dropped)
    return [
        Figure("file dropped, p50", percentile(seconds, 0.5) * 1e3, "ms"),
        Figure("file dropped, p99", percentile(seconds, 0.99) * 1e3, "ms"),
    ]
