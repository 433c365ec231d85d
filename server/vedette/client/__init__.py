"""A client of Vedette's API for other services: start, stop and evaluate sensors, launch runs, follow what happens.

async with Client("http://127.0.0.1:4400") as vedette:
    run = await vedette.launch_run("process_file")
    run = await vedette.wait_for_run(run.id)
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vedette.client.client import Client

__all__ = ["Client"]


def __getattr__(name: str) -> Any:
    """Import the client when it is asked for: the command line uses the connection alone, and starts sooner so."""
    if name != "Client":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return importlib.import_module("vedette.client.client").Client
