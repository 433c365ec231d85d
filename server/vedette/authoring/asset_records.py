"""What sensors that watch assets are told of each event."""

from dataclasses import dataclass

from vedette.authoring.asset_events import AssetMaterialization
from vedette.domain.assets import AssetEventKind, AssetEventRecord, AssetKey
from vedette.domain.metadata import Metadata


@dataclass(frozen=True)
class EventLogRecord:
    """Something that happened to an asset, as it is recorded."""

    record: AssetEventRecord

    @property
    def event_log_entry(self) -> "EventLogRecord":
        """Return itself: record and entry are one here."""
        return self

    @property
    def storage_id(self) -> int:
        """Return its place in the order of all events of assets."""
        return self.record.position

    @property
    def timestamp(self) -> float:
        """Return when it was recorded, in seconds since the epoch."""
        return self.record.at.timestamp()

    @property
    def asset_key(self) -> AssetKey:
        """Return the asset's key."""
        return self.record.key

    @property
    def partition_key(self) -> str | None:
        """Return the partition, None where it is of none."""
        return self.record.event.partition_key

    @property
    def run_id(self) -> str | None:
        """Return the id of the run that told it, None where none did."""
        return None if self.record.run_id is None else str(self.record.run_id)

    @property
    def metadata(self) -> Metadata:
        """Return its metadata."""
        return self.record.event.metadata

    @property
    def tags(self) -> dict[str, str]:
        """Return its tags."""
        return self.record.event.tags

    @property
    def asset_materialization(self) -> AssetMaterialization | None:
        """Return what was told, where it is a materialization."""
        event = self.record.event
        if event.kind is not AssetEventKind.MATERIALIZATION:
            return None
        return AssetMaterialization(
            self.asset_key, event.description, dict(event.metadata), event.partition_key, event.tags
        )


EventLogEntry = EventLogRecord
