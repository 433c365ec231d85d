"""What an op, an asset or a sensor tells of assets: that one was produced, looked at or checked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vedette.authoring.metadata import normalised_metadata
from vedette.authoring.naming import normalised_tags
from vedette.authoring.text import flaw_of, plain_text, shown
from vedette.domain.assets import (
    LONGEST_KEY_BYTES,
    AssetCheckSeverity,
    AssetEvent,
    AssetEventKind,
    AssetKey,
    CheckOutcome,
    CoercibleToAssetKey,
)
from vedette.domain.metadata import Metadata
from vedette.errors import DefinitionError, InvalidResult


@dataclass(frozen=True, init=False, eq=True)
class _Told:
    """What both kinds of events have. Raises InvalidResult."""

    asset_key: AssetKey
    description: str | None
    metadata: Metadata = field(hash=False)
    partition: str | None
    tags: dict[str, str] = field(hash=False)

    def __init__(
        self,
        asset_key: CoercibleToAssetKey,
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        partition: str | None = None,
        tags: Mapping[str, Any] | None = None,
    ) -> None:
        """Take the key in any spelling, and metadata as plain values or MetadataValues."""
        object.__setattr__(self, "asset_key", checked_key(asset_key))
        object.__setattr__(self, "description", checked_text("description", description))
        object.__setattr__(self, "metadata", normalised_metadata(metadata))
        object.__setattr__(self, "partition", checked_name("partition", partition))
        try:
            object.__setattr__(self, "tags", normalised_tags(tags))
        except ValueError as error:
            raise InvalidResult(f"{error}") from None

    def _event(self, kind: AssetEventKind) -> AssetEvent:
        return AssetEvent(
            kind=kind,
            key=self.asset_key.parts,
            partition_key=self.partition,
            description=self.description,
            metadata=self.metadata,
            tags=self.tags,
        )


class AssetMaterialization(_Told):
    """An asset was produced."""

    def as_event(self) -> AssetEvent:
        """Return it as data."""
        return self._event(AssetEventKind.MATERIALIZATION)


class AssetObservation(_Told):
    """An asset was looked at; that is not produced."""

    def as_event(self) -> AssetEvent:
        """Return it as data."""
        return self._event(AssetEventKind.OBSERVATION)


@dataclass(frozen=True)
class AssetCheckKey:
    """Names a check: the asset, and the check's name."""

    asset_key: AssetKey
    name: str


@dataclass(frozen=True, init=False, eq=True)
class AssetCheckEvaluation:
    """An asset was checked. Raises InvalidResult."""

    asset_key: AssetKey
    check_name: str
    passed: bool
    metadata: Metadata = field(hash=False)
    severity: AssetCheckSeverity
    description: str | None
    blocking: bool
    partition: str | None

    def __init__(
        self,
        asset_key: CoercibleToAssetKey,
        check_name: str,
        passed: bool,
        metadata: Mapping[str, Any] | None = None,
        severity: AssetCheckSeverity = AssetCheckSeverity.ERROR,
        description: str | None = None,
        blocking: bool = False,
        partition: str | None = None,
    ) -> None:
        """Take the key in any spelling, and metadata as plain values or MetadataValues."""
        if not checked_name("check_name", check_name):
            raise InvalidResult(f"The check_name of an AssetCheckEvaluation is a text, not {shown(check_name)}.")
        if not isinstance(severity, AssetCheckSeverity):
            raise InvalidResult(f"The severity of a check is an AssetCheckSeverity, not {shown(severity)}.")
        object.__setattr__(self, "asset_key", checked_key(asset_key))
        object.__setattr__(self, "check_name", check_name)
        object.__setattr__(self, "passed", checked_passed(passed))
        object.__setattr__(self, "metadata", normalised_metadata(metadata))
        object.__setattr__(self, "severity", severity)
        object.__setattr__(self, "description", checked_text("description", description))
        object.__setattr__(self, "blocking", blocking)
        object.__setattr__(self, "partition", checked_name("partition", partition))

    @property
    def asset_check_key(self) -> AssetCheckKey:
        """Return which check it was."""
        return AssetCheckKey(self.asset_key, self.check_name)

    def as_event(self) -> AssetEvent:
        """Return it as data."""
        return AssetEvent(
            kind=AssetEventKind.CHECK,
            key=self.asset_key.parts,
            partition_key=self.partition,
            description=self.description,
            metadata=self.metadata,
            check=CheckOutcome(self.check_name, self.passed, self.severity, self.blocking),
        )


Told = AssetMaterialization | AssetObservation | AssetCheckEvaluation


def materialization_of(event: AssetEvent) -> AssetMaterialization:
    """Return the event of a materialization as authors have it."""
    return AssetMaterialization(AssetKey(event.key), event.description, event.metadata, event.partition_key, event.tags)


def check_of(event: AssetEvent) -> AssetCheckEvaluation:
    """Return the event of a check as authors have it."""
    assert event.check is not None
    return AssetCheckEvaluation(
        AssetKey(event.key),
        event.check.name,
        event.check.passed,
        event.metadata,
        event.check.severity,
        event.description,
        event.check.blocking,
        event.partition_key,
    )


def checked_key(given: object) -> AssetKey:
    """Return the key of an asset in any spelling; raises InvalidResult."""
    try:
        return AssetKey.from_coercible(given)  # type: ignore[arg-type]  # what it is is told by what it raises
    except DefinitionError as error:
        raise InvalidResult(f"{error}") from None


def checked_text(name: str, value: object) -> str | None:
    """Return a text or None; raises InvalidResult for what is no text that can be stored."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise InvalidResult(f"The {name} of an asset event is a str, not {shown(value)}.")
    if flaw := flaw_of(value):
        raise InvalidResult(f"The {name} {shown(value)} of an asset event {flaw}.")
    return plain_text(value)


def checked_name(name: str, value: object) -> str | None:
    """Return a text that events are found by, or None; raises InvalidResult, also for one too long for an index."""
    text = checked_text(name, value)
    if text is not None and len(text.encode()) > LONGEST_KEY_BYTES:
        raise InvalidResult(f"The {name} {shown(value)} of an asset event is longer than {LONGEST_KEY_BYTES} bytes.")
    return text


def checked_passed(passed: object) -> bool:
    """Return whether a check passed; raises InvalidResult where that is neither True nor False."""
    if isinstance(passed, bool):
        return passed
    # What numpy calls a bool is one too.
    if type(passed).__name__ in {"bool_", "bool"}:
        return bool(passed)
    raise InvalidResult(f"A check passed or did not: passed is a bool, not {shown(passed)}.")
