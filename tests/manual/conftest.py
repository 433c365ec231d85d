"""A server for the commands of a page."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.servers import DevServer


@pytest.fixture
def server(project: Path) -> Iterator[DevServer]:
    """Yield a server that a test starts with the project it wrote; whatever it left is killed at the end."""
    server = DevServer(project)
    try:
        yield server
    finally:
        server.kill_tree()
