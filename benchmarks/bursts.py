"""One sensor asks for many runs at once, and then for the same again: from the evaluation's begin to the answer.

The answer of `tickSensor` comes after the commit of the tick with all its runs, so the seconds are an upper bound of
the time until all are QUEUED. A launcher with one slot takes runs meanwhile, as it would.

`python -m benchmarks.bursts [--requests N] [--rounds N]`
"""

import argparse
import time
from dataclasses import dataclass

from benchmarks.server import measured, percentile

SOURCE = """
import os, time
from pathlib import Path
from vedette import *

FOLDER = Path(__file__).parent

@op
def nothing():
    pass

@job
def idle():
    nothing()

@sensor(job=idle)
def asks(context):
    (FOLDER / "began").write_text(repr(time.time()))
    round = (FOLDER / "round").read_text()
    return [RunRequest(run_key=f"{round}/{number}") for number in range(REQUESTS)]
"""
TICK = """
mutation { tickSensor(input: {sensorId: "%s"}) { tick { status requestedCount launchedCount } errors { message } } }
"""


@dataclass(frozen=True)
class Burst:
    """Seconds from the evaluation's begin until `requests` runs were queued (`new`) or known as repeats (`spent`)."""

    requests: int
    new: list[float]
    spent: list[float]


def measure(requests: int = 1000, rounds: int = 5) -> Burst:
    """Measure `rounds` bursts of `requests` new run keys, each followed by the same keys."""
    burst = Burst(requests, [], [])
    with measured(SOURCE.replace("REQUESTS", str(requests))) as server, server.running(slots=1):
        sensor = server.sensor_id("asks")
        for number in range(rounds):
            (server.folder / "round").write_text(str(number))
            for seconds, launched in ((burst.new, requests), (burst.spent, 0)):
                time.sleep(0.5)
                answer = server.query(TICK % sensor)["tickSensor"]
                ended = time.time()
                if answer["errors"] or answer["tick"]["launchedCount"] != launched:
                    raise SystemExit(f"Error: the burst went wrong: {answer}")
                seconds.append(ended - float((server.folder / "began").read_text()))
    return burst


def run(requests: int = 1000) -> list[str]:
    """Measure; return lines of a Markdown table."""
    burst = measure(requests)
    return [
        f"| one sensor asks for {burst.requests:,} {what} runs: to the answer, median of {len(seconds)} | "
        f"{percentile(seconds, 0.5) * 1e3:.0f} ms |"
        for what, seconds in (("new", burst.new), ("repeated", burst.spent))
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    print(measure(**vars(parser.parse_args())))
