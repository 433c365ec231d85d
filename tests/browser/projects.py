"""Projects that the browser tests serve."""

MANY = """
from vedette import DefaultSensorStatus, Definitions, RunRequest, SkipReason, job, op, sensor

RUNNING = DefaultSensorStatus.RUNNING

@op
def work():
    pass

@job
def process():
    work()

def quiet(number):
    @sensor(name=f"sensor_{number:04}", job=process, minimum_interval_seconds=3600, tags={"part": str(number % 4)})
    def watch():
        return SkipReason("nothing")
    return watch

@sensor(job=process, minimum_interval_seconds=1, default_status=RUNNING)
def broken_invoice_feed(context):
    context.log.info("reading the feed")
    raise ValueError("the feed has no column 'amount'")

defs = Definitions(jobs=[process], sensors=[quiet(number) for number in range(1999)] + [broken_invoice_feed])
"""

INBOX = """
import time
from pathlib import Path

from vedette import Config, DefaultSensorStatus, Definitions, RunConfig, RunRequest, SensorResult, SkipReason, job, op
from vedette import run_failure_sensor, sensor

INBOX = Path(__file__).parent / "inbox"
INBOX.mkdir(exist_ok=True)

class File(Config):
    path: str

@op
def read_file(context, config: File):
    context.log.info("reading %s", config.path)
    print("read it")

@op
def fail(context):
    raise RuntimeError("no such table: orders")

@op
def wait(context):
    for second in range(120):
        context.log.info("second %d", second)
        time.sleep(1)

@op
def talk(context):
    for line in range(50_000):
        context.log.info("line %d of the log", line)

@job
def process():
    read_file()

@job
def fails():
    fail()

@job
def waits():
    wait()

@job
def talks():
    talk()

@sensor(job=process, minimum_interval_seconds=1, default_status=DefaultSensorStatus.RUNNING)
def files(context):
    seen = set(filter(None, (context.cursor or "").split(",")))
    names = sorted(path.name for path in INBOX.iterdir())
    new = [name for name in names if name not in seen]
    if not new:
        return SkipReason("no new file")
    requests = [RunRequest(run_key=n, run_config=RunConfig(ops={"read_file": File(path=n)})) for n in new]
    return SensorResult(run_requests=requests, cursor=",".join(names))

@sensor(job=process, minimum_interval_seconds=3600)
def counter(context):
    number = int(context.cursor or 0) + 1
    context.log.info("counting to %d", number)
    config = RunConfig(ops={"read_file": File(path=f"file-{number}")})
    return SensorResult(run_requests=[RunRequest(run_key=f"key-{number}", run_config=config)], cursor=str(number))

@sensor(job=process, minimum_interval_seconds=0.5)
def restless(context):
    return SensorResult(skip_reason="moved", cursor=str(int(context.cursor or 0) + 1))

@sensor(job=process, minimum_interval_seconds=0.5, default_status=DefaultSensorStatus.RUNNING)
def quiet():
    return SkipReason("nothing at all")

@sensor(job=process, minimum_interval_seconds=3600)
def slow(context):
    context.log.info("begins")
    while not (Path(__file__).parent / "go").exists():
        time.sleep(0.05)
    context.log.info("ends")
    return SkipReason("went on")

@sensor(job=process, minimum_interval_seconds=0)
def crowded(context):
    number = int(context.cursor or 0) + 1
    return SensorResult(skip_reason=f"skip {number}", cursor=str(number))

@run_failure_sensor
def on_call(context):
    context.log.warning("%s failed: %s", context.run.job_name, context.failure_event.message)

defs = Definitions(
    jobs=[process, fails, waits, talks], sensors=[files, counter, restless, quiet, slow, crowded, on_call]
)
"""

SHOP = (
    INBOX.replace(
        "defs = Definitions(",
        """
from vedette import AssetKey, MaterializeResult, asset, asset_sensor, define_asset_job

@asset
def orders():
    return MaterializeResult(metadata={"rows": 3})

@asset(deps=[orders])
def totals():
    return MaterializeResult(metadata={"rows": 1})

@asset_sensor(AssetKey("totals"), job=process)
def on_totals(context, event):
    return SkipReason("seen")

defs = Definitions(assets=[orders, totals],
""",
    )
    .replace("jobs=[process,", 'jobs=[define_asset_job("make_all"), process,')
    .replace("sensors=[files,", "sensors=[on_totals, files,")
)
