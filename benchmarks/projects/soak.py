"""SENSORS trivial sensors due every second, and a feeder that asks for RUNS_PER_MINUTE short runs a minute."""

import itertools

from vedette import DefaultSensorStatus, Definitions, RunRequest, SensorResult, SkipReason, job, op, sensor

SENSORS = 1_000
RUNS_PER_MINUTE = 100
FEEDS_PER_MINUTE = 10


@op
def note(context):
    context.log.info("a line of a short run")


@job
def short():
    note()


def trivial(number):
    counts = itertools.count()

    @sensor(
        name=f"sensor_{number:04d}",
        job=short,
        minimum_interval_seconds=1,
        default_status=DefaultSensorStatus.RUNNING,
    )
    def look(context):
        # A new reason every tenth time is a row, the others extend it.
        return SkipReason(f"nothing new, {next(counts) // 10}")

    return look


@sensor(job=short, minimum_interval_seconds=60 / FEEDS_PER_MINUTE, default_status=DefaultSensorStatus.RUNNING)
def feeder(context):
    begun = int(context.cursor or 0)
    ended = begun + RUNS_PER_MINUTE // FEEDS_PER_MINUTE
    return SensorResult(
        run_requests=[RunRequest(run_key=str(number)) for number in range(begun, ended)], cursor=str(ended)
    )


defs = Definitions(jobs=[short], sensors=[feeder, *(trivial(number) for number in range(SENSORS))])
