"""What the function of an asset or a check hands back besides plain values."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from vedette.authoring.asset_events import AssetCheckEvaluation, checked_key, checked_passed, checked_text
from vedette.authoring.metadata import normalised_metadata
from vedette.authoring.naming import normalised_tags
from vedette.authoring.text import shown
from vedette.domain.assets import AssetCheckSeverity, AssetKey, CoercibleToAssetKey
from vedette.domain.metadata import Metadata
from vedette.errors import InvalidResult


class NoValue:
    """The value of a result that has none: the function keeps it elsewhere by itself."""


@dataclass(frozen=True, init=False)
class AssetCheckResult:
    """A check was made: whether it passed. The asset and the name may be left out where they are clear."""

    passed: bool
    asset_key: AssetKey | None
    check_name: str | None
    metadata: Metadata = field(hash=False)
    severity: AssetCheckSeverity
    description: str | None

    def __init__(
        self,
        *,
        passed: bool,
        asset_key: CoercibleToAssetKey | None = None,
        check_name: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        severity: AssetCheckSeverity = AssetCheckSeverity.ERROR,
        description: str | None = None,
    ) -> None:
        """Take metadata as plain values or MetadataValues. Raises InvalidResult."""
        if not isinstance(severity, AssetCheckSeverity):
            raise InvalidResult(f"The severity of a check is an AssetCheckSeverity, not {shown(severity)}.")
        set_ = object.__setattr__
        set_(self, "passed", checked_passed(passed))
        set_(self, "asset_key", None if asset_key is None else checked_key(asset_key))
        set_(self, "check_name", checked_text("check_name", check_name))
        set_(self, "metadata", normalised_metadata(metadata))
        set_(self, "severity", severity)
        set_(self, "description", checked_text("description", description))

    def evaluation(self, asset_key: AssetKey, check_name: str, blocking: bool) -> AssetCheckEvaluation:
        """Return the event that tells of it."""
        return AssetCheckEvaluation(
            asset_key, check_name, self.passed, self.metadata, self.severity, self.description, blocking
        )


@dataclass(frozen=True, init=False)
class MaterializeResult:
    """An asset was produced; its IO manager keeps `value`, where given. The key may be left out where it is clear."""

    asset_key: AssetKey | None
    metadata: Metadata = field(hash=False)
    check_results: tuple[AssetCheckResult, ...]
    data_version: Any
    tags: dict[str, str] = field(hash=False)
    value: Any = field(hash=False)

    def __init__(
        self,
        *,
        asset_key: CoercibleToAssetKey | None = None,
        metadata: Mapping[str, Any] | None = None,
        check_results: Iterable[AssetCheckResult] | None = None,
        data_version: Any = None,
        tags: Mapping[str, Any] | None = None,
        value: Any = NoValue,
    ) -> None:
        """Take metadata as plain values or MetadataValues. Raises InvalidResult."""
        set_ = object.__setattr__
        set_(self, "asset_key", None if asset_key is None else checked_key(asset_key))
        set_(self, "metadata", normalised_metadata(metadata))
        set_(self, "check_results", tuple(check_results or ()))
        set_(self, "data_version", data_version)
        set_(self, "value", value)
        try:
            set_(self, "tags", normalised_tags(tags))
        except ValueError as error:
            raise InvalidResult(f"{error}") from None


class ObserveResult(MaterializeResult):
    """An asset was looked at."""


@dataclass(frozen=True)
class DataVersion:
    """A text that changes with the data of an asset."""

    value: str
