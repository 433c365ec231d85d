"""A small shop with something of everything: what a day at the web interface looks like.

    vedette dev examples/showcase.py

Nothing here touches the outside: what the sensors watch is made up from the clock.
"""

import json
import random
import time
from collections.abc import Iterator

from vedette import (
    Config,
    DefaultSensorStatus,
    Definitions,
    OpExecutionContext,
    RunConfig,
    RunRequest,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    job,
    op,
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
    jobs=[take_orders, restock, close_books],
    sensors=[new_orders, low_stock, returned_parcels, supplier_prices, end_of_hour, slow_partner],
)
