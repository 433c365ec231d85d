"""Processes that user code of a lost run started and that outlived it: found by their environment, and killed."""

import logging
import os
from collections.abc import Collection, Iterator
from uuid import UUID

import psutil

logger = logging.getLogger(__name__)

RUN_ID_VARIABLE = "VEDETTE_RUN_ID"
# What is being killed may still start something.
ROUNDS = 3


def kill_leftovers(run_ids: Collection[UUID]) -> int:
    """Kill this user's processes on this machine that carry one of `run_ids`; return how many. Blocks a few ms."""
    wanted = {str(run_id) for run_id in run_ids}
    killed = 0
    for _ in range(ROUNDS):
        found = sum(_kill(process) for process in _carriers(wanted))
        killed += found
        if not found:
            break
    return killed


def _carriers(wanted: Collection[str]) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        try:
            mine = process.pid != os.getpid() and process.uids().real == os.getuid()
            if mine and process.environ().get(RUN_ID_VARIABLE) in wanted:
                yield process
        except (psutil.Error, OSError):
            continue


def _kill(process: psutil.Process) -> bool:
    try:
        process.kill()
    except psutil.Error:
        return False
    logger.info("Killed process %d, left by a run that was lost.", process.pid)
    return True
