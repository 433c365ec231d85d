"""Run requests: what a sensor asks for."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any

from vedette.authoring.config import RunConfig, run_config_dict
from vedette.authoring.dedups import checked_dedup
from vedette.authoring.naming import normalised_tags
from vedette.authoring.text import flaw_of, plain_text, shown
from vedette.domain.partitions import PartitionKeyRange, range_of
from vedette.domain.run_keys import Dedup
from vedette.domain.runs import LONGEST_RUN_KEY_BYTES
from vedette.errors import InvalidResult

_LATER = ("asset_selection", "stale_assets_only", "asset_check_keys")


@dataclass(frozen=True, init=False)
class RunRequest:
    """A request for one run of a job; immutable.

    A `run_key` is launched once per sensor, for as long as `dedup` says: see `vedette.Dedup`, or a timedelta from the
    commit of the tick. Without a key each request is a new run. `run_config` is in the shape
    `{"ops": {name: {"config": {...}}}}`. `job_name` is needed where the sensor has several jobs.
    """

    run_key: str | None
    run_config: dict[str, Any]
    tags: dict[str, str]
    job_name: str | None
    partition_key: str | None
    dedup: Dedup | timedelta

    def __init__(
        self,
        run_key: str | None = None,
        run_config: RunConfig | Mapping[str, Any] | None = None,
        tags: Mapping[str, Any] | None = None,
        job_name: str | None = None,
        partition_key: str | None = None,
        dedup: Dedup | str | timedelta = Dedup.FOREVER,
        **later: Any,
    ) -> None:
        """Take the request; tag values that are not str are written as JSON. Raises InvalidResult, InvalidConfig."""
        _refuse_later(later)
        texts = {"run_key": run_key, "job_name": job_name, "partition_key": partition_key}
        for name, value in texts.items():
            object.__setattr__(self, name, value if value is None else _checked_text(name, value))
        object.__setattr__(self, "run_config", run_config_dict(run_config))
        if run_key is not None and len(run_key.encode()) > LONGEST_RUN_KEY_BYTES:
            raise InvalidResult(
                f"The run_key of a RunRequest has at most {LONGEST_RUN_KEY_BYTES} bytes, not {len(run_key.encode())}: "
                f"{shown(run_key)}; a digest of it would do."
            )
        object.__setattr__(self, "dedup", checked_dedup(dedup, run_key))
        try:
            object.__setattr__(self, "tags", normalised_tags(tags))
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


def _refuse_later(later: Mapping[str, Any]) -> None:
    for name, value in later.items():
        if name not in _LATER:
            raise InvalidResult(f"A RunRequest has no argument {name}.")
        if value:
            raise InvalidResult(f"{name} needs assets, which this version of Vedette does not have; leave it out.")
