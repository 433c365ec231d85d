"""Loaders load together what is asked for in the same turn of the loop."""

import asyncio
from collections.abc import Sequence

import pytest

from vedette.graphql.batching import Loader


class Source:
    """Doubles numbers, and remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []

    async def load(self, keys: Sequence[int]) -> list[int]:
        """Double them."""
        self.asked.append(list(keys))
        return [2 * key for key in keys]


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
async def test_what_is_asked_for_after_others_were_given_up_comes(turns: int) -> None:
    loader = Loader(load_fn=Source().load)
    given_up = [asyncio.ensure_future(loader.load(key)) for key in (1, 2)]
    for one in given_up:
        one.cancel()
    for _ in range(turns):
        await asyncio.sleep(0)
    async with asyncio.timeout(5):
        assert await loader.load(3) == 6


async def test_what_is_asked_for_together_is_loaded_together() -> None:
    source = Source()
    loader = Loader(load_fn=source.load)
    loading = [asyncio.ensure_future(loader.load(key)) for key in (1, 2, 3)]
    loading[0].cancel()
    assert await asyncio.gather(*loading[1:]) == [4, 6]
    assert source.asked == [[1, 2, 3]]
