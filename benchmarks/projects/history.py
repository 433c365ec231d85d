"""SENSORS sensors, of which every tenth asks for a run, always the same: its first tick makes it, others repeat it."""

from vedette import DefaultSensorStatus, Definitions, RunRequest, SkipReason, job, op, sensor

SENSORS = 100


@op
def nothing():
    pass


@job
def nothings():
    nothing()


def looking(number):
    @sensor(
        name=f"sensor_{number:03d}",
        job=nothings,
        minimum_interval_seconds=30,
        default_status=DefaultSensorStatus.RUNNING,
    )
    def look(context):
        return SkipReason("nothing new") if number % 10 else RunRequest(run_key="once")

    return look


defs = Definitions(jobs=[nothings], sensors=[looking(number) for number in range(SENSORS)])
