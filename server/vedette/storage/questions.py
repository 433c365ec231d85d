"""Answers what user code asks the instance."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.domain.partitions import DynamicKey
from vedette.domain.questions import (
    ChangeDynamicPartitions,
    CountRuns,
    HasDynamicPartition,
    LatestAssetEvents,
    ListAssetEvents,
    ListAssetKeys,
    ListDynamicPartitions,
    ListRunChanges,
    ListRunEvents,
    ListRuns,
    MaterializedPartitions,
    Question,
    RecordRun,
    ReportAssetEvents,
)
from vedette.storage.assets import asset_events, asset_searches, assets
from vedette.storage.assets.asset_events import ToldEvent
from vedette.storage.catalog import dynamic_partitions
from vedette.storage.database import Database
from vedette.storage.runs import executed_runs, run_searches
from vedette.storage.ticks import partition_verdicts


async def answer(database: Database, question: Question) -> Any:
    """Return what is told at the kind of question. Raises DatabaseUnreachable."""
    if isinstance(question, ChangeDynamicPartitions | ReportAssetEvents | RecordRun):
        async with database.writing() as connection:
            return await _done(connection, question)
    async with database.reading() as connection:
        return await _read(connection, question)


async def _done(connection: AsyncConnection, question: ChangeDynamicPartitions | ReportAssetEvents | RecordRun) -> Any:
    match question:
        case ChangeDynamicPartitions(change):
            return await partition_verdicts.change_by_hand(connection, change)
        case ReportAssetEvents(source_id, events):
            told = [ToldEvent(source_id, place, event) for place, event in enumerate(events)]
            await asset_events.append(connection, told)
        case RecordRun():
            await executed_runs.record(connection, question)
    return None


async def _read(connection: AsyncConnection, question: Question) -> Any:
    match question:
        case ListRuns():
            return await run_searches.found(connection, question)
        case CountRuns():
            return await run_searches.count(connection, question)
        case ListRunEvents():
            return await run_searches.events(connection, question)
        case ListRunChanges():
            return await run_searches.changes(connection, question)
        case ListDynamicPartitions(name):
            return (await dynamic_partitions.keys_of(connection, [name]))[name]
        case HasDynamicPartition(name, key):
            return bool(await dynamic_partitions.there(connection, [DynamicKey(name, key)]))
    return await _read_of_assets(connection, question)


async def _read_of_assets(connection: AsyncConnection, question: Question) -> Any:
    match question:
        case ListAssetEvents():
            return await asset_searches.events(connection, question)
        case LatestAssetEvents(kind, keys):
            return list((await assets.latest(connection, keys, kind)).values())
        case ListAssetKeys():
            return await asset_searches.keys(connection, question)
        case MaterializedPartitions(key):
            (made,) = await assets.materialized_partitions(connection, [key])
            return made
    raise AssertionError(f"{question} is no question.")
