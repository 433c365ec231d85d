"""Keys of assets: every spelling means the same key, and different keys are never written the same."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.domain.assets import AssetKey, Path, escaped, unescaped
from vedette.errors import DefinitionError

parts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=6)
paths = st.lists(parts | st.text("a/\\", min_size=1, max_size=4), min_size=1, max_size=4).map(tuple)


@given(paths)
def test_a_key_comes_back_from_its_text(path: Path) -> None:
    assert unescaped(escaped(path)) == path
    assert AssetKey.from_escaped_user_string(AssetKey(path).to_escaped_user_string()) == AssetKey(path)


@given(paths, paths)
def test_different_keys_have_different_texts(one: Path, other: Path) -> None:
    assert (escaped(one) == escaped(other)) == (one == other)


@given(paths, paths)
def test_a_prefix_is_a_prefix_of_the_text(prefix: Path, path: Path) -> None:
    begins = escaped(path) == escaped(prefix) or escaped(path).startswith(escaped(prefix) + "/")
    assert AssetKey(path).has_prefix(prefix) is begins


def test_the_spellings_of_a_key() -> None:
    key = AssetKey(["shop", "orders"])
    assert key.path == ["shop", "orders"]
    assert str(key) == "AssetKey(['shop', 'orders'])"
    assert key.to_user_string() == "shop/orders"
    assert key.to_string() == '["shop", "orders"]'
    assert AssetKey.from_user_string("shop/orders") == key == AssetKey(("shop", "orders"))
    assert AssetKey.from_coercible("shop/orders") == AssetKey.from_coercible(["shop", "orders"]) == key
    assert AssetKey("shop/orders") == AssetKey(["shop/orders"]) != key
    assert key.with_prefix("eu") == AssetKey(["eu", "shop", "orders"])
    assert AssetKey(["a-b", "c.d"]).to_python_identifier() == "a_b__c_d"
    assert len({key, AssetKey(["shop", "orders"])}) == 1
    assert pickle.loads(pickle.dumps(key)) == key
    with pytest.raises(AttributeError, match="does not change"):
        key.parts = ("other",)


@pytest.mark.parametrize("path", ["", [], [""], ["a", 1], None, ["a\0"]])
def test_what_is_no_key(path: object) -> None:
    with pytest.raises(DefinitionError, match="asset key is one text or a list of texts"):
        AssetKey(path)  # type: ignore[arg-type]


def test_a_key_that_no_index_could_hold_is_refused() -> None:
    AssetKey(["a" * 500, "b" * 500])
    for parts in (["a" * 500, "b" * 600], ["/" * 600], ["é" * 600]):
        with pytest.raises(DefinitionError, match="longer than 1024 bytes"):
            AssetKey(parts)
    with pytest.raises(DefinitionError, match="surrogate"):
        AssetKey("\ud800")
