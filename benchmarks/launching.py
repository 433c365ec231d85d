"""Short runs a second, each in a process of its own, from a full queue.

`python -m benchmarks.launching [--runs N] [--slots N]`
"""

import argparse
import struct
import time
from dataclasses import dataclass

from benchmarks.server import increase, measured

NOTE = struct.Struct("<d")
SOURCE = """
import os, struct, time
from vedette import *

NOTE = struct.Struct("<d")
notes = os.open(os.path.join(os.path.dirname(__file__), "notes"), os.O_WRONLY | os.O_APPEND | os.O_CREAT)

@op
def note():
    os.write(notes, NOTE.pack(time.time()))

@job
def short():
    note()

@sensor(job=short)
def asks(context):
    return [RunRequest(run_key=str(number)) for number in range(RUNS)]
"""
TICK = 'mutation { tickSensor(input: {sensorId: "%s"}) { tick { launchedCount } errors { message } } }'
OPEN = "{ runs(filter: {status: [QUEUED, STARTING, STARTED]}, first: 1) { edges { node { id } } } }"
LEFT_OUT = 0.1


@dataclass(frozen=True)
class Launched:
    """What became of `runs`: begins of ops a second, and the CPU seconds that each run took, by kind of process."""

    runs: int
    per_second: float
    cpu_seconds_per_run: dict[str, float]


def measure(runs: int = 1000, slots: int | None = None) -> Launched:
    """Queue `runs` at once and wait until all have succeeded; the first and last tenth are not counted as steady."""
    settings = {} if slots is None else {"slots": slots}
    with measured(SOURCE.replace("RUNS", str(runs))) as server, server.running(**settings):
        sensor = server.sensor_id("asks")
        cpu = server.cpu_seconds()
        server.query(TICK % sensor)
        while server.query(OPEN)["runs"]["edges"]:
            time.sleep(0.5)
        cpu = increase(server.cpu_seconds(), cpu)
        begun = sorted(at for (at,) in NOTE.iter_unpack((server.folder / "notes").read_bytes()))
    if len(begun) != runs:
        raise SystemExit(f"Error: {runs} runs were asked for, and {len(begun)} began.")
    first, last = int(LEFT_OUT * runs), int((1 - LEFT_OUT) * runs)
    return Launched(
        runs, (last - first) / (begun[last - 1] - begun[first]), {kind: seconds / runs for kind, seconds in cpu.items()}
    )


def run(runs: int = 1000) -> list[str]:
    """Measure; return lines of a Markdown table."""
    launched = measure(runs)
    cpu = launched.cpu_seconds_per_run
    shares = ", ".join(f"{kind} {seconds * 1e3:.1f}" for kind, seconds in sorted(cpu.items()))
    return [
        f"| short runs launched, each in its own process, {launched.runs:,} queued | {launched.per_second:.0f} /s |",
        f"| their CPU time, all processes | {sum(cpu.values()) * 1e3:.1f} ms each ({shares}) |",
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--slots", type=int)
    print(measure(**vars(parser.parse_args())))
