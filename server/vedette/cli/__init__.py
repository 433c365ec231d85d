"""The command line: parses, calls the runtime or the API."""

from vedette.cli.root import main

__all__ = ["main"]
