"""What graphql-core leaves to the garbage collector."""

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="module", autouse=True)
def collected() -> Iterator[None]:
    """Collect it while the tests go on that put up with it: elsewhere a coroutine that is not awaited is an error."""
    yield
    gc.collect()
