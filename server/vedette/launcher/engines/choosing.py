"""Which engines there are, and how the one that the settings choose is made."""

import importlib.util
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from vedette.errors import UsageError
from vedette.hosts.answers import Answers
from vedette.hosts.locations import CodeLocations
from vedette.launcher.engines.capacity import machine
from vedette.launcher.engines.contract import Engine
from vedette.launcher.engines.local import LocalEngine
from vedette.launcher.engines.remote.addresses import listening_address
from vedette.launcher.engines.remote.engine import Kind, RemoteEngine
from vedette.settings import Settings

_DRIVERS = "vedette.launcher.engines.remote"
# By its name in the settings: the engine, and the package that it needs.
REMOTE = {
    "dask": (Kind("dask", f"{_DRIVERS}.dask_driver"), "distributed"),
    "ray": (Kind("ray", f"{_DRIVERS}.ray_driver"), "ray"),
}


def check_engine(settings: Settings) -> None:
    """Raise UsageError where the engine of the settings is not installed or badly addressed."""
    if settings.engine == "local":
        return
    kind, package = REMOTE[settings.engine]
    if importlib.util.find_spec(package) is None:
        raise UsageError(f"The engine {kind.name} is not installed; `pip install 'vedette[{kind.name}]'`.")
    listening_address(settings)


@asynccontextmanager
async def chosen_engine(settings: Settings, locations: CodeLocations, answers: Answers) -> AsyncIterator[Engine]:
    """Yield the engine that the settings name. Raises UsageError, OSError where it cannot listen for its workers."""
    check_engine(settings)
    if settings.engine == "local":
        yield LocalEngine(locations, machine(settings.gpus))
        return
    kind, _ = REMOTE[settings.engine]
    async with RemoteEngine(kind, locations, settings, answers) as engine:
        yield engine
