from typing import Any

from dagster import (
    AssetSelection,
    Backoff,
    Config,
    HookContext,
    In,
    Nothing,
    OpExecutionContext,
    Out,
    Output,
    RetryPolicy,
    define_asset_job,
    failure_hook,
    get_dagster_logger,
    graph,
    in_process_executor,
    job,
    op,
)

from .partitions import customers, days

FAILED: list[str] = []

logger = get_dagster_logger()

daily_report = define_asset_job(
    "daily_report", selection=AssetSelection.assets("report").upstream(), partitions_def=days
)


class FileConfig(Config):
    path: str
    lines: int = 1


@failure_hook
def note(context: HookContext) -> None:
    FAILED.append(context.op.name)


@op(retry_policy=RetryPolicy(max_retries=1, delay=0.01, backoff=Backoff.EXPONENTIAL), out=Out(list))
def read(context: OpExecutionContext, config: FileConfig) -> list[str]:
    if config.path == "broken":
        raise ValueError("it cannot be read")
    logger.info("reading")
    return [config.path] * config.lines


@op(ins={"lines": In(list)}, out={"count": Out(int), "first": Out(str, is_required=False)})
def count(lines: list[str]) -> Any:
    yield Output(len(lines), "count")
    if lines:
        yield Output(lines[0], "first")


@op(ins={"start": In(Nothing)})
def finish(context: OpExecutionContext) -> None:
    context.log.info("finished %s", context.run_id)


@graph
def counted() -> Any:
    found, _ = count(read())
    return found


@job(hooks={note}, tags={"team": "shop"}, executor_def=in_process_executor)
def process_file() -> None:
    finish(start=counted())


@op
def greet(context: OpExecutionContext) -> None:
    context.log.info("hello, %s", context.partition_key)


@job(partitions_def=customers)
def greet_customer() -> None:
    greet()
