"""Fixtures of the end-to-end tests: the real command line, real processes, a real folder to watch."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.servers import DevServer


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a folder for a project, with an empty `home` beside it."""
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


@pytest.fixture
def dev_server(project: Path) -> Iterator[DevServer]:
    """Yield a server that a test starts with the project it wrote; whatever it left is killed at the end."""
    server = DevServer(project)
    try:
        yield server
    finally:
        server.kill_tree()
