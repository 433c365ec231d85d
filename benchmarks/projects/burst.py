"""One sensor that asks for COUNT runs of a job each time that `burst` names a new batch.

The file has two words: a nonce, which becomes the cursor, so that each nonce is one tick; and the batch, which the run
keys begin with: the same batch under a new nonce asks for runs that exist already.
"""

import time
from pathlib import Path

from vedette import DefaultSensorStatus, Definitions, RunRequest, SensorResult, SkipReason, job, op, sensor

COUNT = 1_000

FOLDER = Path(__file__).parent


@op
def nothing():
    with (FOLDER / "ended").open("a") as notes:
        notes.write(f"{time.time()!r}\n")


@job
def nothings():
    nothing()


@sensor(job=nothings, minimum_interval_seconds=1, default_status=DefaultSensorStatus.RUNNING)
def burst(context):
    asked = FOLDER / "burst"
    nonce, batch = asked.read_text().split() if asked.exists() else ("", "")
    if nonce in {"", context.cursor}:
        return SkipReason("nothing new")
    return SensorResult(run_requests=[RunRequest(run_key=f"{batch}-{number}") for number in range(COUNT)], cursor=nonce)


defs = Definitions(jobs=[nothings], sensors=[burst])
