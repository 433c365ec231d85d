"""Trials on a database of their own; `chaos` lies at the root of the project, beside `tests`."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from anyio.from_thread import BlockingPortal
from chaos.trial import Trial

from conftest import execute, named
from vedette.storage.migrating import migrate


@pytest.fixture(scope="module")
def trial(portal: BlockingPortal, postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    """One of each process over a fresh database, with dashboards; the tests of a module share it, as starts are slow.

    What one test breaks, the next ones find broken.
    """
    name = f"trial_{uuid4().hex}"
    portal.call(execute, postgres_url, f"CREATE DATABASE {name}")
    url = named(postgres_url, name)
    portal.call(migrate, url)
    with Trial(tmp_path_factory.mktemp("trial"), url) as trial:
        trial.start("evaluate", "launch")
        yield trial
    portal.call(execute, postgres_url, f"DROP DATABASE {name} WITH (FORCE)")
