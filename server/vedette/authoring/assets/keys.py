"""Whatever may stand for an asset where another is defined: its key in any spelling, or its definition."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from vedette.authoring.text import shown
from vedette.domain.assets import AssetKey
from vedette.errors import DefinitionError


@runtime_checkable
class HasKeys(Protocol):
    """A definition of assets."""

    @property
    def keys(self) -> Iterable[AssetKey]:
        """Return their keys."""


@runtime_checkable
class HasKey(Protocol):
    """A definition of one asset."""

    @property
    def key(self) -> AssetKey:
        """Return its key."""


@dataclass(frozen=True, init=False)
class AssetDep:
    """An asset that another is made of; `partition_mapping` says of which of its partitions."""

    asset_key: AssetKey
    partition_mapping: Any

    def __init__(self, asset: Any, *, partition_mapping: Any = None) -> None:
        """Take a key in any spelling, or a definition of one asset. Raises DefinitionError."""
        object.__setattr__(self, "asset_key", key_of(asset))
        object.__setattr__(self, "partition_mapping", partition_mapping)


def key_of(given: Any) -> AssetKey:
    """Return the key of what stands for one asset; raises DefinitionError."""
    found = keys_of(given)
    if len(found) != 1:
        raise DefinitionError(f"{shown(given)} stands for {len(found)} assets; name one of them by its key.")
    return found[0]


def keys_of(given: Any) -> tuple[AssetKey, ...]:
    """Return the keys of what stands for assets; raises DefinitionError."""
    if isinstance(given, AssetDep):
        return (given.asset_key,)
    if isinstance(given, HasKeys):
        return tuple(given.keys)
    if isinstance(given, HasKey):
        return (given.key,)
    return (AssetKey.from_coercible(given),)


def dependencies(owner: str, deps: Any) -> dict[AssetKey, AssetDep]:
    """Return dependencies by key, in order; raises DefinitionError that names `owner`."""
    if deps is None:
        return {}
    if isinstance(deps, str) or not isinstance(deps, Iterable):
        raise DefinitionError(f"deps of {owner} is a list of assets or keys, not {shown(deps)}.")
    found: dict[AssetKey, AssetDep] = {}
    for each in deps:
        for dep in [each] if isinstance(each, AssetDep) else [AssetDep(key) for key in keys_of(each)]:
            found[dep.asset_key] = dep
    return found


def full_key(owner: str, name: str, key: Any, key_prefix: Any) -> AssetKey:
    """Return the key given, or the name after the prefix; raises DefinitionError for both."""
    if key is not None:
        if key_prefix is not None:
            raise DefinitionError(
                f"{owner} has key and key_prefix: give one of them, the key as a whole or its prefix."
            )
        return AssetKey.from_coercible(key)
    return AssetKey(name) if key_prefix is None else AssetKey(name).with_prefix(key_prefix)
