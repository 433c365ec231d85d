"""The client: what other services do with sensors and runs, typed."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeVar
from uuid import uuid4

from vedette.client.connection import Connection, Json, authorization
from vedette.client.errors import HistoryGone, Missing, MutationFailed, Problem, ServerUnreachable
from vedette.client.generated import documents
from vedette.client.generated.base_model import BaseModel
from vedette.client.generated.fragments import (
    AssetEventFacts,
    AssetFacts,
    EvaluationFacts,
    EventFacts,
    JobFacts,
    LogLine,
    RunFacts,
    SensorFacts,
    TickFacts,
)
from vedette.client.generated.input_types import (
    AssetEventFilter,
    AssetFilter,
    CancelRunInput,
    EvaluateSensorInput,
    LaunchRunInput,
    ReportAssetEventInput,
    RerunInput,
    ResetSensorInput,
    RunFilter,
    RunTagInput,
    SensorFilter,
    SetSensorCursorInput,
    StartSensorInput,
    StopSensorInput,
    TickFilter,
    TickSensorInput,
)
from vedette.client.subscription import FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, Subscription

PATIENCE_SECONDS = 30.0
PAGE_SIZE = 100

M = TypeVar("M", bound=BaseModel)


class TickChange(NamedTuple):
    """A tick that started or ended; pass `position` as `after` to go on from here."""

    position: str
    tick: TickFacts


class RunChange(NamedTuple):
    """A run whose status changed; pass `position` as `after` to go on from here."""

    position: str
    run: RunFacts


class AssetChange(NamedTuple):
    """Something that happened to an asset; pass `position` as `after` to go on from here."""

    position: str
    event: AssetEventFacts


# Parts, or one text with slashes between them.
Key = str | Sequence[str]


def _ignore(reason: str) -> None:
    """Say nothing of a lost connection: it is made anew."""


class Client:
    """A client of one server; `async with` opens and closes it.

    Sensors and jobs are named by `name`, or by `location/name` where several code locations have one of that name.
    Mutations are sent again with the same idempotency key while the server cannot be reached, for `patience_seconds`:
    whatever becomes of the connection, each takes effect once. Raises ServerUnreachable, Refused, Missing where there
    is nothing of a name, MutationFailed with the typed problems, HistoryGone while following.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        patience_seconds: float = PATIENCE_SECONDS,
        on_lost: Callable[[str], None] = _ignore,
    ) -> None:
        """Prepare to ask the server at `url` with a token of it; `on_lost` hears why a stream's connection was lost.

        Name your program in the header `graphql-client-name`: so an admin sees who uses what is to be taken away.
        """
        self._connection = Connection(url, {**authorization(token), **(headers or {})})
        self._patience_seconds = patience_seconds
        self._on_lost = on_lost

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self._connection.__aexit__(kind, error, at)

    async def execute(self, document: str, **variables: Json) -> Json:
        """Return the data of a query or mutation of your own."""
        return await self._connection.execute(document, variables)

    async def subscribe(
        self, document: str, field: str, after: str | None = None, **variables: Json
    ) -> AsyncGenerator[Json, None]:
        """Yield the items of a subscription of your own to one field, across restarts of servers.

        Where its items have positions the document asks for these and takes $after: it goes on after the last item.
        What is gone by then is an item as well, a StreamGap.
        """
        connection = self._connection
        stream = Subscription(connection.url, document, field, variables, connection.headers)
        async with aclosing(stream.items(after, self._on_lost)) as items:
            async for item in items:
                yield item

    # --- sensors

    async def sensor(self, name: str) -> SensorFacts:
        """Return a sensor as it stands."""
        return await self._named(documents.FindSensor, "sensor", name, SensorFacts)

    def sensors(self, of: SensorFilter | None = None) -> AsyncIterator[SensorFacts]:
        """Yield every sensor, by name."""
        return self._pages(documents.ListSensors, of, SensorFacts)

    async def start_sensor(self, name: str) -> SensorFacts:
        """Have a sensor evaluated from now on."""
        wanted = StartSensorInput(sensor_id=(await self.sensor(name)).id)
        return await self._change(documents.StartSensor, wanted, SensorFacts)

    async def stop_sensor(self, name: str, note: str | None = None) -> SensorFacts:
        """Have a sensor evaluated no more; `note` says why."""
        wanted = StopSensorInput(sensor_id=(await self.sensor(name)).id, note=note)
        return await self._change(documents.StopSensor, wanted, SensorFacts)

    async def reset_sensor(self, name: str) -> SensorFacts:
        """Give a sensor the status that its code says."""
        wanted = ResetSensorInput(sensor_id=(await self.sensor(name)).id)
        return await self._change(documents.ResetSensor, wanted, SensorFacts)

    async def set_cursor(self, name: str, cursor: str | None, expected_version: int | None = None) -> SensorFacts:
        """Set or clear a sensor's cursor, if it has `expected_version` (None: whatever it has)."""
        key = (await self.sensor(name)).id
        wanted = SetSensorCursorInput(sensor_id=key, cursor=cursor, expected_version=expected_version)
        return await self._change(documents.SetSensorCursor, wanted, SensorFacts)

    async def evaluate_sensor(self, name: str, cursor: str | None = None) -> EvaluationFacts:
        """Try a sensor, from `cursor` or its own: nothing is recorded or launched."""
        wanted = EvaluateSensorInput(sensor_id=(await self.sensor(name)).id, cursor=cursor)
        return await self._change(documents.EvaluateSensor, wanted, EvaluationFacts)

    async def tick_sensor(self, name: str) -> TickFacts:
        """Tick a sensor now; the tick is STARTED still if it does not end at once."""
        wanted = TickSensorInput(sensor_id=(await self.sensor(name)).id)
        return await self._change(documents.TickSensor, wanted, TickFacts)

    # --- ticks

    async def tick(self, tick_id: str) -> TickFacts:
        """Return a tick as it stands."""
        return await self._by_id(documents.FindTick, "tick", tick_id, TickFacts)

    def ticks(self, of: TickFilter | None = None) -> AsyncIterator[TickFacts]:
        """Yield ticks, the latest first."""
        return self._pages(documents.ListTicks, of, TickFacts)

    async def follow_ticks(
        self, of: TickFilter | None = None, after: str | None = None
    ) -> AsyncGenerator[TickChange, None]:
        """Yield every tick as it starts and as it ends, after a position or from now on, across restarts of servers."""
        async with aclosing(self._endless(documents.FollowTicks, "ticks", of, after)) as items:
            async for position, item in items:
                yield TickChange(position, TickFacts.model_validate(item["tick"]))

    async def follow_tick_logs(self, tick_id: str, after: str | None = None) -> AsyncGenerator[LogLine, None]:
        """Yield what user code says during a tick, until the tick has ended."""
        async with aclosing(self._items(documents.FollowTickLogs, "tickLogs", {"tickId": tick_id}, after)) as items:
            async for _, item in items:
                yield LogLine.model_validate(item["record"])

    # --- runs

    async def launch_run(
        self,
        job: str,
        run_config: Mapping[str, Any] | None = None,
        *,
        tags: Mapping[str, str] | None = None,
        run_key: str | None = None,
        partition_key: str | None = None,
    ) -> RunFacts:
        """Launch a run of a job; a `run_key` is taken once a job."""
        found = await self._named(documents.FindJob, "job", job, JobFacts)
        wanted = LaunchRunInput(
            job_id=found.id,
            run_config=dict(run_config or {}),
            tags=[RunTagInput(key=key, value=value) for key, value in (tags or {}).items()],
            run_key=run_key,
            partition_key=partition_key,
        )
        return await self._change(documents.LaunchRun, wanted, RunFacts)

    async def materialize(
        self,
        assets: Sequence[Key],
        run_config: Mapping[str, Any] | None = None,
        *,
        tags: Mapping[str, str] | None = None,
        partition_key: str | None = None,
    ) -> RunFacts:
        """Launch a run that produces assets of one code location."""
        wanted = LaunchRunInput(
            asset_selection=[_parts(key) for key in assets],
            run_config=dict(run_config or {}),
            tags=[RunTagInput(key=key, value=value) for key, value in (tags or {}).items()],
            partition_key=partition_key,
        )
        return await self._change(documents.LaunchRun, wanted, RunFacts)

    async def rerun(self, run_id: str, *, from_failure: bool = False) -> RunFacts:
        """Run again what has ended, all of it or what did not succeed."""
        return await self._change(documents.Rerun, RerunInput(run_id=run_id, from_failure=from_failure), RunFacts)

    async def cancel_run(self, run_id: str, *, force: bool = False) -> RunFacts:
        """Cancel a run; with `force` its process is killed at once."""
        return await self._change(documents.CancelRun, CancelRunInput(run_id=run_id, force=force), RunFacts)

    async def run(self, run_id: str) -> RunFacts:
        """Return a run as it stands."""
        return await self._by_id(documents.FindRun, "run", run_id, RunFacts)

    def runs(self, of: RunFilter | None = None) -> AsyncIterator[RunFacts]:
        """Yield runs, the latest first."""
        return self._pages(documents.ListRuns, of, RunFacts)

    async def wait_for_run(self, run_id: str) -> RunFacts:
        """Return a run when it has ended, across restarts of servers."""
        async with aclosing(self.follow_run(run_id)) as events:
            async for _ in events:
                pass
        return await self.run(run_id)

    async def follow_run(self, run_id: str, after: str | None = None) -> AsyncGenerator[EventFacts, None]:
        """Yield the events of a run, its log lines among them, until it has ended."""
        async with aclosing(self._items(documents.FollowRun, "runEvents", {"runId": run_id}, after)) as items:
            async for _, item in items:
                yield EventFacts.model_validate(item["event"])

    async def follow_runs(
        self, of: RunFilter | None = None, after: str | None = None
    ) -> AsyncGenerator[RunChange, None]:
        """Yield every run as its status changes, after a position or from now on, across restarts of servers."""
        async with aclosing(self._endless(documents.FollowRuns, "runs", of, after)) as items:
            async for position, item in items:
                yield RunChange(position, RunFacts.model_validate(item["run"]))

    # --- assets

    async def asset(self, key: Key) -> AssetFacts:
        """Return an asset as it stands."""
        data = await self.execute(documents.FindAsset, key=_parts(key))
        return _found(data["asset"], f"There is no asset {'/'.join(_parts(key))!r}.", AssetFacts)

    def assets(self, of: AssetFilter | None = None) -> AsyncIterator[AssetFacts]:
        """Yield assets, by key."""
        return self._pages(documents.ListAssets, of, AssetFacts)

    async def report_asset_event(self, told: ReportAssetEventInput) -> AssetEventFacts:
        """Tell what happened to an asset outside of runs, once: sensors that watch it react to a materialization."""
        return await self._change(documents.ReportAssetEvent, told, AssetEventFacts)

    async def follow_asset_events(
        self, of: AssetEventFilter | None = None, after: str | None = None
    ) -> AsyncGenerator[AssetChange, None]:
        """Yield what happens to assets, after a position or from now on, across restarts of servers."""
        items_of = self._endless(documents.FollowAssetEvents, "assetEvents", of, after)
        async with aclosing(items_of) as items:
            async for position, item in items:
                yield AssetChange(position, AssetEventFacts.model_validate(item["event"]))

    # --- how they ask

    async def _named(self, document: str, field: str, text: str, kind: type[M]) -> M:
        location, _, name = text.rpartition("/")
        data = await self.execute(document, by={"name": {"codeLocation": location or None, "name": name}})
        return _found(data[field], f"There is no {field} {text!r}.", kind)

    async def _by_id(self, document: str, field: str, key: str, kind: type[M]) -> M:
        return _found((await self.execute(document, id=key))[field], f"There is no {field} {key}.", kind)

    async def _pages(self, document: str, of: BaseModel | None, kind: type[M]) -> AsyncIterator[M]:
        after: str | None = None
        while True:
            data = await self.execute(document, filter=_plain(of), first=PAGE_SIZE, after=after)
            (connection,) = data.values()
            for edge in connection["edges"]:
                yield kind.model_validate(edge["node"])
            if not connection["pageInfo"]["hasNextPage"]:
                return
            after = connection["pageInfo"]["endCursor"]

    async def _change(self, document: str, wanted: BaseModel, kind: type[M]) -> M:
        """Send a mutation, again while the server cannot be reached, and return what it changed."""
        given = {**_plain(wanted), "idempotencyKey": str(uuid4())}
        (payload,) = (await self._insist(document, given)).values()
        problems = [
            Problem(error["__typename"], error["message"], tuple(error["path"] or ()))
            for error in payload.pop("errors")
        ]
        if problems:
            raise MutationFailed(problems)
        (changed,) = payload.values()
        return kind.model_validate(changed)

    async def _insist(self, document: str, given: Json) -> Json:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._patience_seconds
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                return await self.execute(document, input=given)
            except ServerUnreachable:
                if loop.time() + pause > deadline:
                    raise
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def _endless(
        self, document: str, field: str, of: BaseModel | None, after: str | None
    ) -> AsyncGenerator[tuple[str, Json], None]:
        if after is None:
            # Asked for, so that nothing is missed where the connection is lost before the first item.
            after = (await self.execute(documents.ReadPositions))["instance"]["positions"][field]
        async with aclosing(self._items(document, field, {"filter": _plain(of)}, after, endless=True)) as items:
            async for item in items:
                yield item

    async def _items(
        self, document: str, field: str, variables: Json, after: str | None, *, endless: bool = False
    ) -> AsyncGenerator[tuple[str, Json], None]:
        connection = self._connection
        stream = Subscription(connection.url, document, field, variables, connection.headers, endless)
        async with aclosing(stream.items(after, self._on_lost)) as items:
            async for item in items:
                if item["__typename"] == "StreamGap":
                    raise HistoryGone(item["message"], item["position"])
                yield item["position"], item


def _parts(key: Key) -> list[str]:
    return key.split("/") if isinstance(key, str) else list(key)


def _plain(value: BaseModel | None) -> Json:
    return None if value is None else value.model_dump(mode="json", by_alias=True, exclude_unset=True)


def _found(data: Json, otherwise: str, kind: type[M]) -> M:
    if data is None:
        raise Missing(otherwise)
    return kind.model_validate(data)
