"""Trials on a database of their own; `chaos` lies at the root of the project, beside `tests`."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from anyio.from_thread import BlockingPortal
from chaos.template import Template
from chaos.trial import Trial

from conftest import execute, named
from vedette.storage.migrations.migrating import migrate


@pytest.fixture(scope="session")
def template() -> Iterator[Template]:
    """Where processes are forked from."""
    with Template() as template:
        yield template


class Deployment:
    """One of each process over a fresh database, with dashboards: experiments share it, until one shows a fault."""

    def __init__(self, portal: BlockingPortal, url: str, folder: Path, template: Template) -> None:
        self._portal = portal
        self._url = url
        self._folder = folder
        self._template = template
        self._stack = ExitStack()
        self._trial: Trial | None = None

    @contextmanager
    def trial(self) -> Iterator[Trial]:
        """Yield the trial; if the block raises, the next one gets a new one: what is broken is not handed on."""
        try:
            self._trial = self._trial or self._start()
            yield self._trial
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the trial that there is."""
        self._trial = None
        self._stack.close()

    def _start(self) -> Trial:
        name = f"trial_{uuid4().hex}"
        self._portal.call(execute, self._url, f"CREATE DATABASE {name}")
        self._stack.callback(self._portal.call, execute, self._url, f"DROP DATABASE {name} WITH (FORCE)")
        url = named(self._url, name)
        self._portal.call(migrate, url)
        folder = self._folder / name
        folder.mkdir()
        trial = self._stack.enter_context(Trial(folder, url, template=self._template))
        trial.start("evaluate", "launch")
        return trial


@pytest.fixture(scope="module")
def deployment(
    portal: BlockingPortal, postgres_url: str, tmp_path_factory: pytest.TempPathFactory, template: Template
) -> Iterator[Deployment]:
    """What the cells of the matrix are tried on."""
    deployment = Deployment(portal, postgres_url, tmp_path_factory.mktemp("deployment"), template)
    yield deployment
    deployment.close()
