"""Finding assets and checks in modules."""

import copy
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable, Sequence
from types import ModuleType
from typing import Any, TypeVar

from vedette.authoring.assets.definition import AssetChecksDefinition, AssetsDefinition, SourceAsset
from vedette.authoring.assets.keys import AssetDep
from vedette.authoring.assets.specs import DEFAULT_GROUP, AssetSpec
from vedette.authoring.text import shown
from vedette.domain.assets import AssetKey
from vedette.errors import DefinitionError

T = TypeVar("T")
AnyAsset = AssetsDefinition | SourceAsset


def load_assets_from_modules(
    modules: Iterable[ModuleType],
    group_name: str | None = None,
    key_prefix: str | Sequence[str] | None = None,
    *,
    include_specs: bool = True,
) -> list[Any]:
    """Return the assets that stand at the top level of modules, also in lists there, each once.

    group_name: the group of those that have none of their own; key_prefix: put before the keys of those that the
    modules make, and where these take one another. Raises DefinitionError.
    """
    found = [one for one in _found(modules, AssetsDefinition | SourceAsset) if not _is_check(one)]
    specs = _found(modules, AssetSpec) if include_specs else []
    if key_prefix is None and group_name is None:
        return [*found, *specs]
    prefix = (key_prefix,) if isinstance(key_prefix, str) else tuple(key_prefix or ())
    made = {key for one in found for key in one.keys if isinstance(one, AssetsDefinition)}
    return [_changed(one, group_name, prefix, made) for one in found] + specs


def load_asset_checks_from_modules(modules: Iterable[ModuleType], **options: Any) -> list[AssetChecksDefinition]:
    """Return the checks that stand at the top level of modules, each once. Raises DefinitionError."""
    if options:
        raise DefinitionError(f"load_asset_checks_from_modules takes modules only, not {', '.join(options)}.")
    return _found(modules, AssetChecksDefinition)


def _is_check(one: object) -> bool:
    return isinstance(one, AssetChecksDefinition)


def _found(modules: Iterable[ModuleType], kind: Any) -> list[Any]:
    found: dict[int, Any] = {}
    for module in modules:
        if not isinstance(module, ModuleType):
            raise DefinitionError(f"Assets are loaded from modules, and {shown(module)} is none.")
        for value in list(vars(module).values()):
            values = value if isinstance(value, list | tuple) else [value]
            found.update((id(one), one) for one in values if isinstance(one, kind))
    return list(found.values())


def _changed(one: Any, group_name: str | None, prefix: tuple[str, ...], made: set[AssetKey]) -> Any:
    """Return an asset with its group and the prefix of its keys."""
    if isinstance(one, SourceAsset):
        return one
    other = copy.copy(one)
    other.specs_by_output = {
        output: _spec(spec, group_name, prefix, made) for output, spec in one.specs_by_output.items()
    }
    if prefix:
        # What a parameter takes by its name is the asset of that name beside it, wherever that is.
        other.inputs = {
            name: key.with_prefix(prefix) if key is not None and key in made else key
            for name, key in one.inputs.items()
        }
    return other


def _spec(spec: AssetSpec, group_name: str | None, prefix: tuple[str, ...], made: set[AssetKey]) -> AssetSpec:
    changes: dict[str, Any] = {}
    if group_name is not None and spec.group_name == DEFAULT_GROUP:
        changes["group_name"] = group_name
    if prefix:
        changes["key"] = spec.key.with_prefix(prefix)
        changes["deps"] = [
            AssetDep(dep.asset_key.with_prefix(prefix), partition_mapping=dep.partition_mapping)
            if dep.asset_key in made
            else dep
            for dep in spec.deps
        ]
    return spec.replace_attributes(**changes) if changes else spec


Load = Callable[..., list[Any]]


def from_current_module(load: Load) -> Load:
    """Return a function that loads from the module that calls it."""

    def load_from_current_module(**options: Any) -> list[Any]:
        """Load from the module that calls this."""
        frame = inspect.currentframe()
        module = None if frame is None or frame.f_back is None else inspect.getmodule(frame.f_back)
        if module is None:
            raise DefinitionError("This is called outside of a module; name the module, by load_…_from_modules([…]).")
        return load([module], **options)

    return load_from_current_module


def from_package_module(load: Load) -> Load:
    """Return a function that loads from a package and all modules within."""

    def load_from_package_module(package_module: ModuleType, **options: Any) -> list[Any]:
        """Load from a package and all modules within."""
        return load(_within(package_module), **options)

    return load_from_package_module


def from_package_name(load: Load) -> Load:
    """Return a function that loads from a package, by name, and all modules within."""

    def load_from_package_name(package_name: str, **options: Any) -> list[Any]:
        """Load from a package and all modules within."""
        return load(_within(importlib.import_module(package_name)), **options)

    return load_from_package_name


def _within(package: ModuleType) -> list[ModuleType]:
    inner = pkgutil.walk_packages(getattr(package, "__path__", []), f"{package.__name__}.")
    return [package, *(importlib.import_module(info.name) for info in inner)]


load_assets_from_current_module = from_current_module(load_assets_from_modules)
load_assets_from_package_module = from_package_module(load_assets_from_modules)
load_assets_from_package_name = from_package_name(load_assets_from_modules)
load_asset_checks_from_current_module = from_current_module(load_asset_checks_from_modules)
load_asset_checks_from_package_module = from_package_module(load_asset_checks_from_modules)
load_asset_checks_from_package_name = from_package_name(load_asset_checks_from_modules)
