"""The streams that sensors react to: of runs, and of what happens to assets."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from vedette.bus.topics import ASSETS, RUNS
from vedette.domain.assets import AssetEventRecord, escaped
from vedette.domain.catalog import AssetMonitor, Monitor, RunMonitor
from vedette.domain.reactions import SensorEvent
from vedette.domain.runs import RunStatus
from vedette.evaluator.inboxes import Change, Waiting
from vedette.storage.assets import assets
from vedette.storage.runs import run_happenings
from vedette.storage.runs.run_happenings import RunHappening, RunStory


class Source(ABC):
    """One stream: its name, the topic that is knocked on when it grows, and how it is read."""

    stream: str
    topic: str

    @abstractmethod
    async def read(self, connection: Any, position: int, limit: int) -> Sequence[Change]:
        """Return at most `limit` changes after `position`, in order."""

    @abstractmethod
    async def events(self, connection: Any, waiting: Sequence[Waiting]) -> dict[int, SensorEvent]:
        """Return the events that hosts are told, by position; those whose subject is gone are left out."""

    @abstractmethod
    async def chosen(self, connection: Any, monitor: Monitor, run_id: UUID) -> list[SensorEvent]:
        """Return the event with which a sensor is tried that is given a run."""


class RunSource(Source):
    """What becomes of runs."""

    stream = "runs"
    topic = RUNS

    async def read(self, connection: Any, position: int, limit: int) -> Sequence[Change]:
        """Read which runs have changed."""
        return await run_happenings.after(connection, position, limit)

    async def events(self, connection: Any, waiting: Sequence[Waiting]) -> dict[int, SensorEvent]:
        """Read their stories."""
        changes = [one.change for one in waiting if isinstance(one.change, RunHappening)]
        stories = await run_happenings.stories(connection, [(one.run_id, one.status) for one in changes])
        found: dict[int, SensorEvent] = {}
        for one in waiting:
            if isinstance(one.change, RunHappening):
                story = stories.get((one.change.run_id, one.change.status))
                if story is not None:
                    found[one.change.position] = _told(story, one.change.status, one)
        return found

    async def chosen(self, connection: Any, monitor: Monitor, run_id: UUID) -> list[SensorEvent]:
        """Tell of the run as if it had become what the sensor watches for."""
        if not isinstance(monitor, RunMonitor):
            return []
        stories = await run_happenings.stories(connection, [(run_id, monitor.status)])
        return [_told(story, monitor.status) for story in stories.values()]


def _told(story: RunStory, status: RunStatus, waiting: Waiting | None = None) -> SensorEvent:
    return SensorEvent(
        position=waiting.change.position if waiting else 0,
        key=waiting.key if waiting else "",
        attempt=waiting.attempt if waiting else 1,
        at=story.happened.at,
        run=story.run,
        status=status,
        happened=story.happened,
        step_failures=story.step_failures,
    )


class AssetSource(Source):
    """What happens to assets."""

    stream = "assets"
    topic = ASSETS

    async def read(self, connection: Any, position: int, limit: int) -> Sequence[Change]:
        """Read what has happened, all of it."""
        return await assets.after(connection, position, limit)

    async def events(self, connection: Any, waiting: Sequence[Waiting]) -> dict[int, SensorEvent]:
        """Tell what was read already."""
        return {
            one.change.position: SensorEvent(one.change.position, one.key, one.attempt, one.change.at, asset=one.change)
            for one in waiting
            if isinstance(one.change, AssetEventRecord)
        }

    async def chosen(self, connection: Any, monitor: Monitor, run_id: UUID) -> list[SensorEvent]:
        """Tell of what the run made of the assets that the sensor watches, the last of each."""
        if not isinstance(monitor, AssetMonitor):
            return []
        latest = await assets.latest(connection, monitor.keys)
        return [
            SensorEvent(one.position, escaped(one.event.key), 1, one.at, asset=one)
            for one in latest.values()
            if one.run_id == run_id
        ]
