"""What people and programs do with assets: tell what happened to one, forget what happened to some."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from vedette.authoring.asset_events import AssetCheckEvaluation as ToldCheck
from vedette.authoring.asset_events import AssetMaterialization, AssetObservation, Told
from vedette.bus import topics
from vedette.domain.assets import DATA_VERSION_TAG, AssetCheckSeverity, AssetEventKind, AssetKey, Path, escaped
from vedette.domain.ids import new_id
from vedette.errors import VedetteError
from vedette.graphql.assets.asset_events import AssetEvent, asset_event
from vedette.graphql.assets.asset_filters import asset_path
from vedette.graphql.assets.assets import Asset
from vedette.graphql.context import Info
from vedette.graphql.fields import mutation
from vedette.graphql.mutations.idempotency import KeyedInput, once
from vedette.graphql.mutations.mutation_errors import InvalidInput, MutationError, NotFound
from vedette.storage.assets import asset_events, asset_histories, asset_lists
from vedette.storage.assets.asset_events import ToldEvent

MOST_WIPED = 1000


@strawberry.input(description="The result of a check.")
class CheckResultInput:
    """The result of a check."""

    name: str = strawberry.field(description="Name of the check.")
    passed: bool = strawberry.field(description="Whether it passed.")
    severity: AssetCheckSeverity | None = strawberry.field(
        default=AssetCheckSeverity.ERROR, description="How bad it is where it did not pass."
    )


@strawberry.input(description="What happened to an asset outside of runs.")
class ReportAssetEventInput(KeyedInput):
    """What happened to an asset."""

    asset_key: list[str] = strawberry.field(description="Key of the asset; no code location need define it.")
    kind: AssetEventKind | None = strawberry.field(
        default=AssetEventKind.MATERIALIZATION, description="What happened; CHECK goes with `check`."
    )
    partition_key: str | None = strawberry.field(default=None, description="The partition that it is about.")
    description: str | None = strawberry.field(default=None, description="What there is to say, for people.")
    metadata: JSON | None = strawberry.field(
        default=None, description="What there is to note: an object of values by label."
    )
    data_version: str | None = strawberry.field(default=None, description="Version of the data that was produced.")
    check: CheckResultInput | None = strawberry.field(default=None, description="How the check went.")


@strawberry.input(description="Which assets to wipe.")
class WipeAssetsInput(KeyedInput):
    """Which assets to wipe."""

    asset_keys: list[list[str]] = strawberry.field(description=f"Their keys, {MOST_WIPED} at most.")


@strawberry.type(description="What became of a report.")
class ReportAssetEventPayload:
    """What became of a report."""

    event: AssetEvent | None = strawberry.field(default=None, description="The event as it is recorded.")
    errors: list[MutationError] = strawberry.field(description="Why it was not recorded; empty if it was.")


@strawberry.type(description="What became of the wish to wipe assets.")
class WipeAssetsPayload:
    """What became of the wish to wipe assets."""

    assets: list[Asset] = strawberry.field(description="Those that were wiped and that there are still.")
    errors: list[MutationError] = strawberry.field(description="Why none was wiped; empty if they were.")


def _told(given: ReportAssetEventInput, key: Path) -> Told:
    """Return the event; raises VedetteError for what it cannot hold."""
    kind = given.kind or AssetEventKind.MATERIALIZATION
    tags = None if given.data_version is None else {DATA_VERSION_TAG: given.data_version}
    about: dict[str, Any] = {
        "asset_key": AssetKey(key),
        "description": given.description,
        "metadata": given.metadata,
        "partition": given.partition_key,
    }
    if kind is not AssetEventKind.CHECK:
        happened = AssetMaterialization if kind is AssetEventKind.MATERIALIZATION else AssetObservation
        return happened(**about, tags=tags)
    assert given.check is not None
    severity = given.check.severity or AssetCheckSeverity.ERROR
    return ToldCheck(**about, check_name=given.check.name, passed=given.check.passed, severity=severity)


def _unfit(given: ReportAssetEventInput) -> InvalidInput | None:
    if (given.kind is AssetEventKind.CHECK) != (given.check is not None):
        return InvalidInput(message="`kind: CHECK` and `check` go together.", path=["check"])
    if given.check is not None and given.data_version is not None:
        return InvalidInput(message="A check makes no data; leave `dataVersion` out.", path=["dataVersion"])
    return None


def _no_asset(key: Path) -> NotFound:
    return NotFound(message=f"There is no asset {'/'.join(key)!r}; `assets` lists them all.", path=["assetKeys"])


async def _hidden(connection: Any, keys: Sequence[Path]) -> NotFound | None:
    """Return the error for the first asset that lies outside of what whoever asks is confined to."""
    seen = await asset_lists.in_scope(connection, keys)
    return next((_no_asset(key) for key in keys if key not in seen), None)


@strawberry.type
class AssetMutations:
    """Fields of Mutation."""

    @mutation("Tell what happened to an asset outside of runs: sensors that watch it react as they do to runs.")
    async def report_asset_event(
        self,
        info: Info,
        input: Annotated[ReportAssetEventInput, strawberry.argument(description="What happened.")],  # noqa: A002
    ) -> ReportAssetEventPayload:
        """Record it."""
        key = asset_path(input.asset_key)

        async def report(connection: Any) -> UUID | MutationError:
            if (unfit := _unfit(input)) is not None:
                return unfit
            if (hidden := await _hidden(connection, [key])) is not None:
                return hidden
            try:
                event = _told(input, key).as_event()
            except VedetteError as error:
                return InvalidInput(message=str(error), path=[])
            source = new_id()
            await asset_events.append(connection, [ToldEvent(source, 0, event)])
            return source

        outcome = await once(info.context, "reportAssetEvent", input, UUID, report)
        if isinstance(outcome, MutationError):
            return ReportAssetEventPayload(errors=[outcome])
        info.context.bus.knock(topics.ASSETS)
        async with info.context.database.reading() as connection:
            record = await asset_histories.reported(connection, outcome)
        return ReportAssetEventPayload(event=None if record is None else asset_event(record), errors=[])

    @mutation(
        "Forget what happened to assets so far: they are as if they had never been produced. Streams, what runs and "
        "ticks told, and what sensors have yet to react to stay; so do the values that IO managers keep."
    )
    async def wipe_assets(
        self,
        info: Info,
        input: Annotated[WipeAssetsInput, strawberry.argument(description="Which assets.")],  # noqa: A002
    ) -> WipeAssetsPayload:
        """Wipe them."""
        keys = [asset_path(key) for key in input.asset_keys]

        async def wipe(connection: Any) -> int | MutationError:
            if not 1 <= len(keys) <= MOST_WIPED:
                message = f"Between 1 and {MOST_WIPED} assets are wiped at once, not {len(keys)}."
                return InvalidInput(message=message, path=["assetKeys"])
            if (hidden := await _hidden(connection, keys)) is not None:
                return hidden
            wiped = await asset_histories.wipe(connection, keys)
            if missing := [key for key in keys if escaped(key) not in wiped]:
                return _no_asset(missing[0])
            return len(wiped)

        outcome = await once(info.context, "wipeAssets", input, int, wipe)
        if isinstance(outcome, MutationError):
            return WipeAssetsPayload(assets=[], errors=[outcome])
        found = await info.context.loaders.asset.load_many(list(dict.fromkeys(keys)))
        return WipeAssetsPayload(assets=[each for each in found if each is not None], errors=[])
