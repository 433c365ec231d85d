"""From a file to the first line of the op: 50 files, one at a time, the sensor's interval 0.1 s."""

import random
import time

from benchmarks.server import measured, percentile

FILES = 50

SOURCE = """
import json, os, time
from pathlib import Path
from vedette import *

FOLDER = Path(__file__).parent

class FileConfig(Config):
    name: str

@op
def process(config: FileConfig):
    at = time.time()
    (FOLDER / "begun" / f".{config.name}").write_text(repr(at))
    os.rename(FOLDER / "begun" / f".{config.name}", FOLDER / "begun" / config.name)

@job
def process_file():
    process()

@sensor(job=process_file, minimum_interval_seconds=0.1, default_status=DefaultSensorStatus.RUNNING)
def new_files(context):
    seen = set(json.loads(context.cursor or "[]"))
    names = set(os.listdir(FOLDER / "inbox"))
    for name in sorted(names - seen):
        yield RunRequest(run_key=name, run_config={"ops": {"process": {"config": {"name": name}}}})
    context.update_cursor(json.dumps(sorted(names)))
"""


def run() -> list[str]:
    """Measure; return lines of a Markdown table."""
    seconds = []
    with measured(SOURCE) as server:
        inbox, begun = server.folder / "inbox", server.folder / "begun"
        inbox.mkdir()
        begun.mkdir()
        with server.running():
            time.sleep(3)
            for number in range(FILES):
                time.sleep(0.2 + random.random() * 0.1)
                dropped = time.time()
                (inbox / f"file-{number}").touch()
                note = begun / f"file-{number}"
                while not note.exists():
                    time.sleep(0.002)
                seconds.append(float(note.read_text()) - dropped)
    p50, p99 = percentile(seconds, 0.5) * 1e3, percentile(seconds, 0.99) * 1e3
    return [f"| file to first line of the op, interval 0.1 s, p50 / p99 of {FILES} | {p50:.0f} / {p99:.0f} ms |"]
