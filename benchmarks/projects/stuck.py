"""OTHERS sensors that find nothing new, and one that takes SECONDS seconds once the file `go` is there."""

import os
import struct
import time
from pathlib import Path

from vedette import DefaultSensorStatus, Definitions, SkipReason, job, op, sensor

OTHERS = 1_000
SECONDS = 120

FOLDER = Path(__file__).parent
NOTE = struct.Struct("<Id")
NOTES = os.open(FOLDER / "notes", os.O_WRONLY | os.O_APPEND | os.O_CREAT)


@op
def nothing():
    pass


@job
def nothings():
    nothing()


@sensor(job=nothings, minimum_interval_seconds=1, default_status=DefaultSensorStatus.RUNNING)
def stuck(context):
    if (FOLDER / "go").exists():
        (FOLDER / "stuck").touch()
        time.sleep(SECONDS)
    return SkipReason("nothing new")


def trivial(number):
    @sensor(
        name=f"other_{number:04d}",
        job=nothings,
        minimum_interval_seconds=1,
        default_status=DefaultSensorStatus.RUNNING,
    )
    def look(context):
        os.write(NOTES, NOTE.pack(number, time.time()))
        return SkipReason("nothing new")

    return look


defs = Definitions(jobs=[nothings], sensors=[stuck, *(trivial(number) for number in range(OTHERS))])
