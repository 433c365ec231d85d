"""Fixtures of the engines' tests: each engine is the real one; its cluster is started once."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from integration.engines.clusters import Cluster, DaskCluster, NoCluster, RayCluster
from integration.engines.stage import Stage, staged
from integration.launcher.queue import Queue
from vedette.bus import Bus
from vedette.storage.database import Database

KINDS: dict[str, type[Cluster]] = {"here": NoCluster, "dask": DaskCluster, "ray": RayCluster}


@pytest.fixture(scope="session")
def clusters() -> Iterator[dict[str, Cluster]]:
    """The clusters that were started, by name."""
    started: dict[str, Cluster] = {}
    yield started
    for cluster in started.values():
        cluster.close()


@pytest.fixture(params=("local", "here", "dask", "ray"))
async def stage(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    clusters: dict[str, Cluster],
    database: Database,
    bus: Bus,
    tmp_path: Path,
) -> AsyncIterator[Stage]:
    """A queue, an engine, and the project loaded; the queue is sound when the test is over."""
    name = request.param
    if name in KINDS and name not in clusters:
        clusters[name] = KINDS[name]()
    # Where the driver of `here` is found.
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    cluster = clusters.get(name)
    if cluster is not None:
        cluster.start()
    async with staged(name, cluster, Queue(database, bus), tmp_path) as stage:
        yield stage
        await stage.queue.assert_sound()
