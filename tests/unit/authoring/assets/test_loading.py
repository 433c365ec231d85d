"""Assets and checks are found in modules, with a group and a prefix if one is wanted."""

import sys
import textwrap
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from vedette import (
    AssetKey,
    AssetsDefinition,
    DefinitionError,
    Definitions,
    load_asset_checks_from_modules,
    load_asset_checks_from_package_name,
    load_assets_from_modules,
    load_assets_from_package_module,
    load_assets_from_package_name,
    materialize,
)

PROJECT = {
    "__init__.py": "",
    "raw.py": """
        from vedette import AssetSpec, SourceAsset, asset

        @asset(group_name="raw")
        def orders():
            return [1, 2]

        others = [asset(name=name)(lambda: None) for name in ("a", "b")]
        outside = SourceAsset("outside")
        spec = AssetSpec("written_by_others")
    """,
    "deep/__init__.py": "",
    "deep/made.py": """
        from vedette import AssetIn, asset, asset_check
        from found.raw import orders

        @asset(deps=["outside"], ins={"lines": AssetIn("orders")})
        def total(lines):
            return sum(lines)

        @asset(deps=[total])
        def report(orders): ...

        @asset_check(asset=total)
        def positive():
            return True
    """,
    "here.py": """
        from vedette import asset, load_asset_checks_from_current_module, load_assets_from_current_module

        @asset
        def mine(): ...

        def found():
            return load_assets_from_current_module(group_name="here")

        checks = load_asset_checks_from_current_module()
    """,
}


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    folder = tmp_path_factory.mktemp("project")
    for name, text in PROJECT.items():
        file = folder / "found" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text))
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        load_assets_from_package_name("found")
        yield sys.modules["found"]
        for name in [name for name in sys.modules if name.partition(".")[0] == "found"]:
            del sys.modules[name]


def keys(found: list[Any]) -> set[str]:
    return {AssetKey.to_user_string(key) for one in found for key in getattr(one, "keys", None) or (one.key,)}


def test_all_of_a_package_is_found_once(package: ModuleType) -> None:
    found = load_assets_from_package_module(package)
    assert keys(found) == {"orders", "a", "b", "outside", "written_by_others", "total", "report", "mine"}

    checks = load_asset_checks_from_package_name("found")
    assert [check.check.name for check in checks] == ["positive"]
    definitions = Definitions(assets=found, asset_checks=checks)
    assert len(definitions.catalog().assets) == 8


def test_group_and_prefix_go_to_what_the_modules_make(package: ModuleType) -> None:
    modules = [sys.modules["found.raw"], sys.modules["found.deep.made"]]
    found = load_assets_from_modules(modules, group_name="shop", key_prefix="eu", include_specs=False)
    assert keys(found) == {"eu/orders", "eu/a", "eu/b", "outside", "eu/total", "eu/report"}
    made = {one.key.path[-1]: one for one in found if isinstance(one, AssetsDefinition)}
    assert made["orders"].specs[0].group_name == "raw"
    assert made["total"].specs[0].group_name == "shop"
    assert [dep.asset_key for dep in made["total"].specs[0].deps] == [AssetKey("outside")]
    assert [dep.asset_key for dep in made["report"].specs[0].deps] == [AssetKey(["eu", "total"])]
    result = materialize([*found], selection=[AssetKey(["eu", "orders"]), AssetKey(["eu", "total"])])
    assert result.asset_value(AssetKey(["eu", "total"])) == 3


def test_a_module_loads_from_itself(package: ModuleType) -> None:
    here = sys.modules["found.here"]
    assert [one.specs[0].group_name for one in here.found()] == ["here"]
    assert here.checks == []


def test_what_is_no_module_is_refused(package: ModuleType) -> None:
    with pytest.raises(DefinitionError, match="loaded from modules"):
        load_assets_from_modules(["found.raw"])  # type: ignore[list-item]
    with pytest.raises(DefinitionError, match="asset_key_prefix"):
        load_asset_checks_from_modules([package], asset_key_prefix="x")
