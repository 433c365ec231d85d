"""What is said of an asset besides how it is made."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from vedette.authoring.assets.keys import AssetDep, dependencies, full_key, key_of
from vedette.authoring.freshness.policies import FreshnessPolicy
from vedette.authoring.metadata import normalised_metadata
from vedette.authoring.naming import checked_name, normalised_tags
from vedette.authoring.text import shown
from vedette.domain.assets import AssetKey
from vedette.domain.metadata import Metadata
from vedette.errors import DefinitionError, InvalidResult

DEFAULT_GROUP = "default"
DEFAULT_IO_MANAGER_KEY = "io_manager"


@dataclass(frozen=True, init=False)
class AssetSpec:
    """An asset: its key and what is said of it. Raises DefinitionError."""

    key: AssetKey
    deps: tuple[AssetDep, ...]
    description: str | None
    metadata: Metadata = field(hash=False)
    skippable: bool
    group_name: str
    code_version: str | None
    owners: tuple[str, ...]
    tags: dict[str, str] = field(hash=False)
    kinds: tuple[str, ...]
    partitions_def: Any
    freshness_policy: FreshnessPolicy | None

    def __init__(
        self,
        key: Any,
        *,
        deps: Iterable[Any] | None = None,
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        skippable: bool = False,
        group_name: str | None = None,
        code_version: str | None = None,
        owners: Iterable[str] | None = None,
        tags: Mapping[str, Any] | None = None,
        kinds: Iterable[str] | None = None,
        partitions_def: Any = None,
        freshness_policy: FreshnessPolicy | None = None,
    ) -> None:
        """Take the key in any spelling; `skippable`: a run may leave it out."""
        found = key_of(key)
        owner = f'asset "{found.to_user_string()}"'
        set_ = object.__setattr__
        set_(self, "key", found)
        set_(self, "deps", tuple(dependencies(owner, deps).values()))
        set_(self, "description", description)
        set_(self, "skippable", skippable)
        set_(self, "group_name", DEFAULT_GROUP if group_name is None else checked_name(group_name, "group"))
        set_(self, "code_version", _text(owner, "code_version", code_version))
        set_(self, "owners", _texts(owner, "owners", owners))
        set_(self, "kinds", _texts(owner, "kinds", kinds))
        set_(self, "partitions_def", partitions_def)
        if not isinstance(freshness_policy, FreshnessPolicy | None):
            raise DefinitionError(
                f"The freshness_policy of {owner} is a FreshnessPolicy, not {shown(freshness_policy)}."
            )
        set_(self, "freshness_policy", freshness_policy)
        try:
            set_(self, "metadata", normalised_metadata(metadata))
            set_(self, "tags", normalised_tags(tags))
        except (InvalidResult, ValueError) as error:
            raise DefinitionError(f"What is said of {owner} is wrong: {error}") from None

    def replace_attributes(self, **changes: Any) -> "AssetSpec":
        """Return a copy with `changes` made."""
        given = {
            name: getattr(self, name)
            for name in (
                *("key", "deps", "description", "metadata", "skippable", "group_name", "code_version", "owners"),
                *("tags", "kinds", "partitions_def", "freshness_policy"),
            )
        }
        return AssetSpec(**(given | changes))


def _text(owner: str, name: str, value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise DefinitionError(f"The {name} of {owner} is a str, not {shown(value)}.")
    return value


def _texts(owner: str, name: str, values: object) -> tuple[str, ...]:
    if values is None:
        return ()
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise DefinitionError(f"The {name} of {owner} are a list of texts, not {shown(values)}.")
    found = tuple(values)
    for each in found:
        if not isinstance(each, str) or not each:
            raise DefinitionError(f"The {name} of {owner} are texts, not {shown(each)}.")
    return found


@dataclass(frozen=True)
class AssetIn:
    """How a parameter of an asset's function gets its value: from which asset, and what its IO manager is told."""

    key: Any = None
    metadata: Mapping[str, Any] | None = field(default=None, hash=False)
    key_prefix: Any = None
    input_manager_key: str | None = None
    partition_mapping: Any = None
    dagster_type: Any = None

    def key_for(self, owner: str, name: str) -> AssetKey | None:
        """Return the key that is said, None where the parameter's name is to tell it."""
        if self.key is None and self.key_prefix is None:
            return None
        return full_key(
            f"the input {name} of {owner}", name, None if self.key is None else key_of(self.key), self.key_prefix
        )


@dataclass(frozen=True)
class AssetOut:
    """One asset of a @multi_asset, under the name of an output."""

    key_prefix: Any = None
    key: Any = None
    dagster_type: Any = None
    description: str | None = None
    is_required: bool = True
    io_manager_key: str | None = None
    metadata: Mapping[str, Any] | None = field(default=None, hash=False)
    group_name: str | None = None
    code_version: str | None = None
    owners: Iterable[str] | None = None
    tags: Mapping[str, Any] | None = field(default=None, hash=False)
    kinds: Iterable[str] | None = None

    def spec(self, owner: str, output: str, deps: Iterable[AssetDep]) -> AssetSpec:
        """Return it as a spec of the output `output`; raises DefinitionError."""
        return AssetSpec(
            full_key(f"the output {output} of {owner}", output, self.key, self.key_prefix),
            deps=deps,
            description=self.description,
            metadata=self.metadata,
            skippable=not self.is_required,
            group_name=self.group_name,
            code_version=self.code_version,
            owners=self.owners,
            tags=self.tags,
            kinds=self.kinds,
        )

    @staticmethod
    def from_spec(spec: AssetSpec, **changes: Any) -> "AssetOut":
        """Return what a spec says as an output."""
        return replace(
            AssetOut(
                key=spec.key,
                description=spec.description,
                is_required=not spec.skippable,
                metadata=spec.metadata,
                group_name=spec.group_name,
                code_version=spec.code_version,
                owners=spec.owners,
                tags=spec.tags,
                kinds=spec.kinds,
            ),
            **changes,
        )


@dataclass(frozen=True, init=False)
class AssetCheckSpec:
    """A check of an asset. `blocking`: where it fails with severity ERROR, what is downstream is not made."""

    name: str
    asset_key: AssetKey
    description: str | None
    blocking: bool
    additional_deps: tuple[AssetDep, ...]
    metadata: Metadata = field(hash=False)

    def __init__(
        self,
        name: str,
        *,
        asset: Any,
        description: str | None = None,
        additional_deps: Iterable[Any] | None = None,
        blocking: bool = False,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """Take the asset by its key or definition; raises DefinitionError."""
        set_ = object.__setattr__
        set_(self, "name", checked_name(name, "check"))
        set_(self, "asset_key", key_of(asset))
        set_(self, "description", description)
        set_(self, "blocking", blocking)
        set_(self, "additional_deps", tuple(dependencies(f'check "{name}"', additional_deps).values()))
        try:
            set_(self, "metadata", normalised_metadata(metadata))
        except InvalidResult as error:
            raise DefinitionError(f'The metadata of check "{name}" is wrong: {error}') from None

    @property
    def key(self) -> tuple[AssetKey, str]:
        """Return what it is unique by."""
        return self.asset_key, self.name
