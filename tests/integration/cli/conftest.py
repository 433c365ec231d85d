"""The command line, and the API that it calls, over a fresh database."""

from collections.abc import AsyncIterator

import pytest

from integration.cli.terminal import Terminal
from serving import serving
from vedette.bus import Bus
from vedette.settings import Settings
from vedette.storage.database import Database


@pytest.fixture
async def terminal(database: Database, bus: Bus) -> AsyncIterator[Terminal]:
    """Commands for a served API."""
    async with serving(database, bus, Settings(poll_seconds=0.2, evaluation_wait_seconds=0.3)) as api:
        yield Terminal(api.address)
