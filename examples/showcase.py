"""A small shop with something of everything: what a day at the web interface looks like.

    vedette dev examples/showcase.py

Nothing here touches the outside: what the sensors watch is made up from the clock.
"""

import json
import random
import time
from collections.abc import Iterator

from vedette import (
    AssetExecutionContext,
    AssetKey,
    Config,
    DailyPartitionsDefinition,
    DefaultSensorStatus,
    Definitions,
    EventLogEntry,
    MaterializeResult,
    OpExecutionContext,
    RunConfig,
    RunFailureSensorContext,
    RunRequest,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    asset,
    asset_sensor,
    define_asset_job,
    job,
    op,
    run_failure_sensor,
    sensor,
)

RUNNING = DefaultSensorStatus.RUNNING


class OrderConfig(Config):
    """Which orders a run takes."""

    region: str
    batch: int = 1
    dry_run: bool = False


@op
def fetch_orders(context: OpExecutionContext, config: OrderConfig) -> list[int]:
    """Ask the shop."""
    context.log.info("Fetching batch %d of %s", config.batch, config.region)
    time.sleep(random.uniform(0.1, 0.5))
    return [random.randrange(1_000) for _ in range(20)]


@op
def check_prices(context: OpExecutionContext, orders: list[int]) -> list[int]:
    """Drop what costs nothing."""
    context.log.warning("%d orders have an odd price", sum(order % 7 == 0 for order in orders))
    return [order for order in orders if order]


@op
def total(orders: list[int]) -> int:
    """Add up."""
    time.sleep(0.2)
    return sum(orders)


@op
def largest(orders: list[int]) -> int:
    """Find the largest."""
    return max(orders)


@op
def report(context: OpExecutionContext, total: int, largest: int) -> None:
    """Say it."""
    context.log.info("Total %d, the largest %d", total, largest)
    print("reported")


@job(description="Takes a batch of orders of one region and reports on them.", tags={"team": "shop"})
def take_orders() -> None:
    """Fetch, check, add up, report."""
    orders = check_prices(fetch_orders())
    report(total=total(orders), largest=largest(orders))


@op
def count_stock(context: OpExecutionContext) -> int:
    """Walk along the shelves."""
    for shelf in range(40):
        context.log.debug("Shelf %d has %d boxes", shelf, shelf * 3 % 11)
    return 40


@op
def order_more(context: OpExecutionContext, shelves: int) -> None:
    """Order what is missing; the supplier is not always there."""
    context.log.info("Looked at %d shelves", shelves)
    raise ConnectionError("The supplier does not answer (supplier.example:443)")


@job(description="Orders what the shelves lack.", tags={"team": "stock"})
def restock() -> None:
    """Count, then order."""
    order_more(count_stock())


@op
def work_slowly(context: OpExecutionContext) -> None:
    """Take a while."""
    for minute in range(600):
        context.log.info("Step %d of 600", minute + 1)
        time.sleep(1)


@job(description="Closes the books, which takes its time.")
def close_books() -> None:
    """Work slowly."""
    work_slowly()


class ExportConfig(Config):
    """How a day is written down."""

    folder: str = "exports"
    compress: bool = True


@op
def export_orders(context: OpExecutionContext, config: ExportConfig) -> None:
    """Write down what was ordered on a day."""
    context.log.info("Exporting %s to %s", context.partition_key, config.folder)
    time.sleep(0.3)


@job(
    description="Writes down what was ordered on a day, for the accountant.",
    partitions_def=DailyPartitionsDefinition("2026-01-01"),
    tags={"team": "finance"},
)
def export_day() -> None:
    """Export one day."""
    export_orders()


def drift(start: int, per_minute: float) -> int:
    """Return a number that grows with the hour of the day, and is never quite what it was."""
    minutes = time.time() % 3600 / 60
    return round(start + per_minute * minutes * 10 + random.uniform(-0.06, 0.06) * start)


@asset(group_name="shop")
def orders() -> MaterializeResult:
    """Every order, as the shop has it."""
    return MaterializeResult(metadata={"rows": drift(1_200, 3), "open": drift(90, 0.2)})


@asset(group_name="shop")
def customers() -> MaterializeResult:
    """Who ordered something, once each."""
    return MaterializeResult(metadata={"rows": drift(400, 1)})


@asset(group_name="stock")
def stock_levels() -> MaterializeResult:
    """How many boxes stand on each shelf."""
    return MaterializeResult(metadata={"boxes": drift(800, -2), "empty_shelves": random.randrange(1, 9)})


@asset(group_name="finance", deps=[orders, customers])
def revenue(context: AssetExecutionContext) -> MaterializeResult:
    """What was earned, by region."""
    context.log.info("Adding up %d regions", 3)
    return MaterializeResult(metadata={"euro": drift(25_000, 60), "regions": 3, "source": "orders"})


@asset(group_name="stock", deps=[orders, stock_levels])
def purchase_plan() -> MaterializeResult:
    """What has to be bought by tomorrow."""
    return MaterializeResult(metadata={"items": drift(60, 0.3), "euro": drift(4_000, 8)})


@asset(group_name="finance", deps=[revenue, purchase_plan])
def dashboard() -> MaterializeResult:
    """The page that hangs in the kitchen."""
    return MaterializeResult(metadata={"panels": 6, "kilobytes": drift(300, 0.5)})


produce_figures = define_asset_job(
    "produce_figures", description="Brings every figure up to date.", tags={"team": "finance"}
)


@sensor(job=produce_figures, minimum_interval_seconds=6, default_status=RUNNING, tags={"team": "finance"})
def shop_database(context: SensorEvaluationContext) -> RunRequest | SkipReason:
    """Ask for new figures whenever the shop has changed."""
    change = str(int(time.time()) // 12)
    if context.cursor == change:
        return SkipReason("The shop has not changed")
    context.update_cursor(change)
    return RunRequest(run_key=change)


@asset_sensor(
    AssetKey("revenue"), job=take_orders, default_status=RUNNING, tags={"team": "finance"}, owners=["mae@shop.example"]
)
def good_day(context: SensorEvaluationContext, event: EventLogEntry) -> RunRequest | SkipReason:
    """Take the orders of America too on a good day."""
    if random.random() < 0.75:
        return SkipReason("An ordinary day")
    config = RunConfig(ops={"fetch_orders": OrderConfig(region="america")})
    return RunRequest(run_key=context.cursor, run_config=config)


@run_failure_sensor(default_status=RUNNING, tags={"team": "stock"})
def on_call(context: RunFailureSensorContext) -> None:
    """Tell whoever is on call."""
    context.log.warning("%s: %s", context.run.job_name, context.failure_event.message)


@sensor(
    job=take_orders,
    minimum_interval_seconds=5,
    default_status=RUNNING,
    tags={"team": "shop", "tier": "1"},
    owners=["ada@shop.example"],
    description="Looks for new orders in every region.",
)
def new_orders(context: SensorEvaluationContext) -> SensorResult | SkipReason:
    """Ask for a run for each region that has new orders."""
    seen = json.loads(context.cursor or "{}")
    now = int(time.time())
    regions = [name for place, name in enumerate(("europe", "asia", "africa")) if now // 10 % (place + 3) == 0]
    fresh = [name for name in regions if seen.get(name) != now // 10]
    context.log.info("Asked %d regions", 3)
    if not fresh:
        return SkipReason("No region has new orders")
    requests = [
        RunRequest(
            run_key=f"{name}-{now // 10}",
            run_config=RunConfig(ops={"fetch_orders": OrderConfig(region=name, batch=now // 10 % 100)}),
            tags={"region": name},
        )
        for name in fresh
    ]
    return SensorResult(run_requests=requests, cursor=json.dumps({**seen, **dict.fromkeys(fresh, now // 10)}))


@sensor(job=restock, minimum_interval_seconds=20, default_status=RUNNING, tags={"team": "stock"})
def low_stock() -> Iterator[RunRequest]:
    """Ask for a run whenever stock is low, which it always is."""
    yield RunRequest(run_key=str(int(time.time()) // 60))


@sensor(job=take_orders, minimum_interval_seconds=10, default_status=RUNNING, tags={"team": "shop"})
def returned_parcels() -> SkipReason:
    """Look at the door."""
    return SkipReason("No parcel was returned")


@sensor(job=restock, minimum_interval_seconds=5, default_status=RUNNING, tags={"team": "stock", "tier": "1"})
def supplier_prices(context: SensorEvaluationContext) -> None:
    """Read a price list that has a mistake in it."""
    context.log.warning("Reading the list of %s", "supplier.example")
    prices = {"tea": "12.50", "coffee": "n/a"}
    context.update_cursor(str(sum(float(price) for price in prices.values())))


@sensor(job=close_books, minimum_interval_seconds=3600, description="Closes the books once an hour.")
def end_of_hour() -> RunRequest:
    """Ask for one run an hour."""
    return RunRequest(run_key=str(int(time.time()) // 3600))


@sensor(job=take_orders, minimum_interval_seconds=2, default_status=RUNNING)
def slow_partner(context: SensorEvaluationContext) -> SkipReason:
    """Ask a partner who takes his time."""
    for attempt in range(3):
        context.log.info("Waiting for the partner, attempt %d", attempt + 1)
        time.sleep(1)
    return SkipReason("The partner had nothing to tell")


defs = Definitions(
    assets=[orders, customers, stock_levels, revenue, purchase_plan, dashboard],
    jobs=[take_orders, restock, close_books, export_day, produce_figures],
    sensors=[
        new_orders,
        low_stock,
        returned_parcels,
        supplier_prices,
        end_of_hour,
        slow_partner,
        shop_database,
        good_day,
        on_call,
    ],
)
