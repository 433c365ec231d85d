"""A sensor over a folder: a run for each new file, whose op notes when its first line was reached."""

import os
import time
from pathlib import Path

from vedette import Config, DefaultSensorStatus, Definitions, RunRequest, SkipReason, job, op, sensor

FOLDER = Path(__file__).parent


class FileConfig(Config):
    name: str


@op
def process(config: FileConfig):
    at = time.time()
    (FOLDER / "begun" / f".{config.name}").write_text(repr(at))
    (FOLDER / "begun" / f".{config.name}").rename(FOLDER / "begun" / config.name)


@job
def process_file():
    process()


@sensor(job=process_file, minimum_interval_seconds=1, default_status=DefaultSensorStatus.RUNNING)
def new_files(context):
    last = float(context.cursor or 0)
    newest = last
    for file in os.scandir(FOLDER / "inbox"):
        changed = file.stat().st_mtime
        if changed > last:
            newest = max(newest, changed)
            yield RunRequest(run_key=file.name, run_config={"ops": {"process": {"config": {"name": file.name}}}})
    if newest == last:
        yield SkipReason("nothing new")
    context.update_cursor(repr(newest))


defs = Definitions(jobs=[process_file], sensors=[new_files])
