"""SENSORS sensors that find nothing new, each due every INTERVAL seconds."""

import os
import struct
import time
from pathlib import Path

from vedette import DefaultSensorStatus, Definitions, SkipReason, job, op, sensor

SENSORS = 1
INTERVAL = 1

NOTE = struct.Struct("<Id")
NOTES = os.open(Path(__file__).parent / "notes", os.O_WRONLY | os.O_APPEND | os.O_CREAT)


@op
def nothing():
    pass


@job
def nothings():
    nothing()


def trivial(number):
    @sensor(
        name=f"sensor_{number:05d}",
        job=nothings,
        minimum_interval_seconds=INTERVAL,
        default_status=DefaultSensorStatus.RUNNING,
    )
    def look(context):
        os.write(NOTES, NOTE.pack(number, time.time()))
        return SkipReason("nothing new")

    return look


defs = Definitions(jobs=[nothings], sensors=[trivial(number) for number in range(SENSORS)])
