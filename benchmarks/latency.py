"""From an event to the first line of the op, one at a time: a file dropped, or a `tickSensor` sent.

`python -m benchmarks.latency [--events N] [--interval SECONDS] [--seed N]`
"""

import argparse
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.server import MeasuredServer, measured, percentile

SOURCE = """
import os, time
from pathlib import Path
from vedette import *

FOLDER = Path(__file__).parent

class Named(Config):
    name: str

@op
def process(config: Named):
    at = time.time()
    (FOLDER / "begun" / f".{config.name}").write_text(repr(at))
    os.rename(FOLDER / "begun" / f".{config.name}", FOLDER / "begun" / config.name)

@job
def process_file():
    process()

def request(name):
    return RunRequest(run_key=name, run_config={"ops": {"process": {"config": {"name": name}}}})

def new_names(context, folder):
    seen = int(context.cursor or 0)
    names = sorted(os.listdir(FOLDER / folder))
    context.update_cursor(str(len(names)))
    return [request(name) for name in names[seen:]]

RUNNING = DefaultSensorStatus.RUNNING

@sensor(job=process_file, minimum_interval_seconds=INTERVAL, default_status=RUNNING)
def polled(context):
    return new_names(context, "polled")

@sensor(job=process_file, minimum_interval_seconds=30, watch=FOLDER / "watched", default_status=RUNNING)
def watched(context):
    return new_names(context, "watched")

@sensor(job=process_file)
def asked(context):
    return new_names(context, "asked")
"""
TICK = 'mutation { tickSensor(input: {sensorId: "%s"}) { tick { status } errors { message } } }'
MAKES_PAUSE_SECONDS = (0.15, 0.25)


@dataclass(frozen=True)
class Latency:
    """Seconds from event to op: `polled` by the interval, `watched` by the folder, `asked` for by mutation."""

    polled: list[float]
    watched: list[float]
    asked: list[float]


def measure(events: int = 50, interval: float = 0.1, seed: int = 1) -> Latency:
    """Measure `events` of each way, one at a time; the interval of the polled sensor is in seconds."""
    pauses = random.Random(seed)
    with measured(SOURCE.replace("INTERVAL", repr(interval))) as server:
        for name in ("polled", "watched", "asked", "begun"):
            (server.folder / name).mkdir()
        with server.running():
            sensor = server.sensor_id("asked")

            def ask(path: Path) -> None:
                path.touch()
                server.query(TICK % sensor)

            ways: dict[str, Callable[[Path], None]] = {"polled": Path.touch, "watched": Path.touch, "asked": ask}
            seconds = {way: [_once(server, way, n, act, pauses) for n in range(events)] for way, act in ways.items()}
    return Latency(**seconds)


def _once(server: MeasuredServer, way: str, number: int, act: Callable[[Path], None], pauses: random.Random) -> float:
    time.sleep(pauses.uniform(*MAKES_PAUSE_SECONDS))
    name = f"{way}-{number:05d}"
    began = time.time()
    act(server.folder / way / name)
    note = server.folder / "begun" / name
    while not note.exists():
        time.sleep(0.002)
    return float(note.read_text()) - began


def run(events: int = 50) -> list[str]:
    """Measure; return lines of a Markdown table."""
    latency = measure(events)
    named = {
        "file to first line of the op, interval 0.1 s": latency.polled,
        "file to first line of the op, `watch=folder`": latency.watched,
        "`tickSensor` to first line of the op": latency.asked,
    }
    return [
        f"| {name}, p50 / p99 of {len(seconds)} | "
        f"{percentile(seconds, 0.5) * 1e3:.1f} / {percentile(seconds, 0.99) * 1e3:.1f} ms |"
        for name, seconds in named.items()
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=50)
    print("\n".join(run(parser.parse_args().events)))
