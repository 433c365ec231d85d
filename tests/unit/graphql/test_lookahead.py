"""What the things of a list will ask for is loaded ahead, and is there when they ask."""

from typing import Any

import pytest
from strawberry.dataloader import DataLoader

from vedette.graphql.lookahead import at_hand, load_ahead


class Source:
    """Doubles numbers, and counts how often it is asked; negative ones it refuses."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.loader: DataLoader[int, int] = DataLoader(load_fn=self.load)

    async def load(self, keys: list[int]) -> list[int]:
        """Double them."""
        self.asked.append(keys)
        if min(keys) < 0:
            raise ValueError("negative")
        return [2 * key for key in keys]


async def test_it_is_asked_for_once_and_there_at_once() -> None:
    source = Source()
    assert await load_ahead(source.loader, [3, None, 1, 3]) == [6, 2]
    assert at_hand(source.loader.load(3)) == 6
    assert source.asked == [[3, 1]]


async def test_what_is_not_there_is_to_be_awaited() -> None:
    loading: Any = at_hand(Source().loader.load(3))
    assert await loading == 6


async def test_nothing_is_asked_for_where_there_is_nothing() -> None:
    source = Source()
    assert await load_ahead(source.loader, [None]) == []
    assert source.asked == []


async def test_an_error_is_left_to_those_who_ask() -> None:
    source = Source()
    assert await load_ahead(source.loader, [1, -1]) == []
    with pytest.raises(ValueError, match="negative"):
        at_hand(source.loader.load(1))
    assert len(source.asked) == 1
