"""Log lines of the server itself, for people at a terminal."""

import logging
import sys

FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"


def set_up_logging(level: str) -> None:
    """Send records of `level` and above to standard error, one line each, times local to the second."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(FORMAT, datefmt="%H:%M:%S"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("alembic", "asyncio", "watchfiles", "httpx", "uvicorn.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
