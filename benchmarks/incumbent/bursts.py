"""One sensor of the incumbent asks for many runs: how long until all are queued, new and with every key spent."""

from pathlib import Path

from benchmarks import projects
from benchmarks.figures import Figure
from benchmarks.incumbent import storage
from benchmarks.incumbent.deployment import HELD_QUEUE, START_SECONDS, Deployment, deployed
from benchmarks.incumbent.environment import Incumbent
from benchmarks.notes import wait_until

BATCH_SECONDS = 600.0


def measure(incumbent: Incumbent, kind: storage.Kind, requests: int) -> list[Figure]:
    """Return the seconds from the begin to the end of the tick, by the tick's own record."""
    source = projects.source("burst", "dagster", count=requests)
    with deployed(incumbent, kind, source, HELD_QUEUE) as deployment:
        wait_until(lambda: bool(storage.ticks(deployment.records)), "the incumbent's first tick", START_SECONDS)
        new = _tick(deployment, "first", requests)
        spent = _tick(deployment, "second", 0)
    return [
        Figure("new, until all are queued", new, "s"),
        Figure("the same again, all run keys spent", spent, "s"),
    ]


def ask(home: Path, nonce: str, batch: str) -> None:
    """Have the sensor ask for the runs of a batch, at its next evaluation."""
    (home / ".burst").write_text(f"{nonce} {batch}")
    (home / ".burst").rename(home / "burst")


def _tick(deployment: Deployment, nonce: str, runs: int) -> float:
    """Return how long the tick of `nonce` took; it must have made as many runs as it should."""
    ask(deployment.home, nonce, "batch")

    def done() -> list[storage.Tick]:
        found = [tick for tick in storage.ticks(deployment.records) if tick.cursor == nonce]
        return [tick for tick in found if tick.ended is not None and tick.status != "STARTED"]

    wait_until(lambda: bool(done()), "the incumbent's tick of the batch", BATCH_SECONDS)
    tick = done()[0]
    if tick.ended is None or tick.runs < runs:
        raise RuntimeError(f"the incumbent made {tick.runs} of {runs} runs")
    return tick.ended - tick.started
