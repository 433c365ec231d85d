"""Laws of combined keys, and of paging through keys."""

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.domain.partitions import Product, beginning_with
from vedette.graphql.catalog.partitions import page_of
from vedette.storage.pages import Window

parts = st.lists(st.text("abé", min_size=1, max_size=3), unique=True, max_size=4)
lists = st.lists(parts, min_size=2, max_size=3)


def combined(of: Sequence[Sequence[str]]) -> list[str]:
    return ["|".join(each) for each in itertools.product(*of)]


@given(lists)
def test_combinations_are_those_of_a_list_without_making_it(of: list[list[str]]) -> None:
    product, keys = Product(of), combined(of)
    assert list(product) == keys
    assert len(product) == len(keys)
    assert [product[index] for index in range(len(keys))] == keys
    assert product[-3:] == keys[-3:]
    assert [product.index(key) for key in keys] == list(range(len(keys)))
    for nonsense in ("", "a", "z|a", "a|b|c|d"):
        assert (nonsense in keys) == (nonsense in product)
        if nonsense not in keys:
            with pytest.raises(ValueError, match="is"):
                product.index(nonsense)


@given(lists, st.text("abé|", max_size=6))
def test_combinations_that_begin_with_a_text(of: list[list[str]], prefix: str) -> None:
    assert list(beginning_with(Product(of), prefix)) == [key for key in combined(of) if key.startswith(prefix)]


@given(lists, st.integers(1, 5), st.booleans())
def test_pages_follow_each_other_to_the_end(of: list[list[str]], size: int, plain: bool) -> None:
    keys: Sequence[str] = combined(of) if plain else Product(of)
    found: list[str] = []
    after = None
    while True:
        page = page_of(keys, Window(size, after))
        found += page.rows
        assert page.has_previous == (len(found) > len(page.rows))
        if not page.has_next:
            break
        assert len(page.rows) == size
        after = page.keys[-1]
    assert found == combined(of)
