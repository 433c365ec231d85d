"""Fixtures of the contract tests: the API served for real, and Node with the packages of package-lock.json."""

from collections.abc import AsyncIterator

import pytest

from contracts import node
from serving import Api, serving
from vedette.bus import Bus
from vedette.settings import Settings
from vedette.storage.database import Database


@pytest.fixture(scope="session")
def node_packages() -> None:
    """Install the npm packages."""
    node.install()


@pytest.fixture
def settings() -> Settings:
    """Settings that wait for nobody for long."""
    return Settings(poll_seconds=0.2, evaluation_wait_seconds=0.3)


@pytest.fixture
async def api(database: Database, bus: Bus, settings: Settings) -> AsyncIterator[Api]:
    """The API on a real socket."""
    async with serving(database, bus, settings) as api:
        yield api
