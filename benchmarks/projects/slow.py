"""SENSORS sensors that take SECONDS seconds each, due every second."""

import os
import struct
import time
from pathlib import Path

from vedette import DefaultSensorStatus, Definitions, SkipReason, job, op, sensor

SENSORS = 15
SECONDS = 1

NOTE = struct.Struct("<Id")
NOTES = os.open(Path(__file__).parent / "notes", os.O_WRONLY | os.O_APPEND | os.O_CREAT)


@op
def nothing():
    pass


@job
def nothings():
    nothing()


def slow(number):
    @sensor(
        name=f"slow_{number:02d}",
        job=nothings,
        minimum_interval_seconds=1,
        default_status=DefaultSensorStatus.RUNNING,
    )
    def look(context):
        os.write(NOTES, NOTE.pack(number, time.time()))
        time.sleep(SECONDS)
        return SkipReason("nothing new")

    return look


defs = Definitions(jobs=[nothings], sensors=[slow(number) for number in range(SENSORS)])
