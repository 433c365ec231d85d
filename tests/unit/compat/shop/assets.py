from typing import Any

from dagster import (
    AssetCheckResult,
    AssetExecutionContext,
    AssetIn,
    AssetKey,
    MaterializeResult,
    MetadataValue,
    Output,
    SourceAsset,
    asset,
    asset_check,
)

from .partitions import days
from .resources import OrdersApi

exchange_rates = SourceAsset(key=AssetKey("exchange_rates"), description="Somebody else writes them.")


@asset(partitions_def=days, compute_kind="python", owners=["team:shop"])
def orders(context: AssetExecutionContext, api: OrdersApi) -> Output[list[dict[str, Any]]]:
    """The orders of a day."""
    found = api.orders(context.partition_key)
    context.log.info("found %d orders", len(found))
    return Output(found, metadata={"orders": len(found), "where": MetadataValue.url(api.url)})


@asset(ins={"orders": AssetIn(key=AssetKey("orders"))}, partitions_def=days)
def totals(orders: list[dict[str, Any]]) -> list[int]:
    return [order["total"] for order in orders]


@asset(deps=[totals, exchange_rates], partitions_def=days)
def report(context: AssetExecutionContext) -> MaterializeResult:
    return MaterializeResult(metadata={"day": MetadataValue.text(context.partition_key)})


@asset_check(asset=totals)
def totals_are_positive() -> AssetCheckResult:
    return AssetCheckResult(passed=True, metadata={"looked": True})
