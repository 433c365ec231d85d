"""Run requests: what a sensor asks for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any

from vedette.authoring.asset_events import AssetCheckKey, checked_key
from vedette.authoring.config import RunConfig, run_config_dict
from vedette.authoring.dedups import checked_dedup
from vedette.authoring.naming import normalised_tags
from vedette.authoring.priorities import with_priority
from vedette.authoring.text import flaw_of, plain_text, shown
from vedette.domain.assets import AssetKey, CoercibleToAssetKey
from vedette.domain.partitions import PartitionKeyRange, range_of
from vedette.domain.run_keys import Dedup
from vedette.domain.runs import LONGEST_RUN_KEY_BYTES
from vedette.errors import InvalidResult


@dataclass(frozen=True, init=False)
class RunRequest:
    """A request for one run of a job; immutable.

    A `run_key` is launched once per sensor, for as long as `dedup` says: see `vedette.Dedup`, or a timedelta from the
    commit of the tick. Without a key each request is a new run. `run_config` is in the shape
    `{"ops": {name: {"config": {...}}}}`. `job_name` is needed where the sensor has several jobs.

    `asset_selection` are those of the job's or the sensor's assets that the run is to make, all unless given;
    `asset_check_keys` the checks, those of the assets unless given. With `stale_assets_only`, only those are made that
    are stale when the tick is committed, and no run is launched where none is: an asset is stale that was never
    materialized, whose code_version is another than when it was, or that has something upstream that is stale, or was
    materialized after it.

    `priority` is its place in the queue, the greater first; 0, or that of the job, unless given. It is kept as the tag
    `vedette/priority`.
    """

    run_key: str | None
    run_config: dict[str, Any]
    tags: dict[str, str]
    job_name: str | None
    partition_key: str | None
    dedup: Dedup | timedelta
    asset_selection: tuple[AssetKey, ...] | None
    asset_check_keys: tuple[AssetCheckKey, ...] | None
    stale_assets_only: bool

    def __init__(
        self,
        run_key: str | None = None,
        run_config: RunConfig | Mapping[str, Any] | None = None,
        tags: Mapping[str, Any] | None = None,
        job_name: str | None = None,
        partition_key: str | None = None,
        dedup: Dedup | str | timedelta = Dedup.FOREVER,
        asset_selection: Iterable[CoercibleToAssetKey] | None = None,
        stale_assets_only: bool = False,
        asset_check_keys: Iterable[AssetCheckKey] | None = None,
        priority: int | None = None,
        **unknown: Any,
    ) -> None:
        """Take the request; tag values that are not str are written as JSON. Raises InvalidResult, InvalidConfig."""
        for name in unknown:
            raise InvalidResult(f"A RunRequest has no argument {name}.")
        texts = {"run_key": run_key, "job_name": job_name, "partition_key": partition_key}
        for name, value in texts.items():
            object.__setattr__(self, name, value if value is None else _checked_text(name, value))
        object.__setattr__(self, "run_config", run_config_dict(run_config))
        if run_key is not None and len(run_key.encode()) > LONGEST_RUN_KEY_BYTES:
            raise InvalidResult(
                f"The run_key of a RunRequest has at most {LONGEST_RUN_KEY_BYTES} bytes, not {len(run_key.encode())}: "
                f"{shown(run_key)}; a digest of it would do."
            )
        object.__setattr__(self, "asset_selection", None if asset_selection is None else _keys(asset_selection))
        object.__setattr__(self, "asset_check_keys", None if asset_check_keys is None else _checks(asset_check_keys))
        object.__setattr__(self, "stale_assets_only", bool(stale_assets_only))
        object.__setattr__(self, "dedup", checked_dedup(dedup, run_key))
        try:
            object.__setattr__(self, "tags", with_priority(normalised_tags(tags), priority))
        except ValueError as error:
            raise InvalidResult(f"{error}") from None

    def __hash__(self) -> int:
        """Hash by the key, the job and the partition, so that requests can be put into a set."""
        return hash((self.run_key, self.job_name, self.partition_key))

    @property
    def partition_key_range(self) -> PartitionKeyRange | None:
        """Return the range of partitions that the tags tell; None where they do not tell both its ends."""
        return range_of(self.tags)

    def with_replaced_attrs(self, **changes: Any) -> "RunRequest":
        """Return a copy with `changes` made."""
        return RunRequest(**({field.name: getattr(self, field.name) for field in fields(self)} | changes))


def _checked_text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise InvalidResult(f"The {name} of a RunRequest is a str, not {shown(value)} ({type(value).__name__}).")
    if flaw := flaw_of(value):
        raise InvalidResult(f"The {name} {shown(value)} of a RunRequest {flaw}.")
    return plain_text(value)


def _keys(asset_selection: object) -> tuple[AssetKey, ...]:
    if isinstance(asset_selection, str | AssetKey) or not isinstance(asset_selection, Iterable):
        raise InvalidResult(
            f"The asset_selection of a RunRequest is a list of asset keys, not {shown(asset_selection)}."
        )
    return tuple(dict.fromkeys(checked_key(key) for key in asset_selection))


def _checks(asset_check_keys: object) -> tuple[AssetCheckKey, ...]:
    keys = tuple(asset_check_keys) if isinstance(asset_check_keys, Iterable) else (asset_check_keys,)
    for key in keys:
        if not isinstance(key, AssetCheckKey):
            raise InvalidResult(f"The asset_check_keys of a RunRequest are a list of AssetCheckKey, not {shown(key)}.")
    return keys
