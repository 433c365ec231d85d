"""What an engine executes on one of its machines: it keeps an agent beside itself until the run has ended.

The agent is a process of its own, and so is the run: whoever cancels a run ends processes, never a thread of a worker.
This module imports little, as workers import it.
"""

import os
import subprocess
import sys
from collections.abc import Callable

LOOK_SECONDS = 0.5
AGENT = "vedette.launcher.engines.remote.agent"


class AgentFailed(Exception):
    """The agent could not do its work, as the text tells."""


def attend(ticket: str, is_leaving: Callable[[], bool] = lambda: False) -> None:
    """Start an agent with a ticket (JSON) and wait for its end; it is to end once the worker `is_leaving`.

    Raises AgentFailed, OSError.
    """
    # The working directory is not on the path; the project's loading puts it there for a module.
    words = [sys.executable, "-P", "-m", AGENT, str(os.getpid())]
    pipe = subprocess.PIPE
    # In a session of its own: where an engine ends the process group of a worker, the agent is left to tidy up.
    with subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True, start_new_session=True) as process:
        told = _told(process, ticket, is_leaving)
    if process.returncode:
        raise AgentFailed(told.strip() or f"The agent ended with code {process.returncode}; see the worker's log.")


def _told(process: "subprocess.Popen[str]", ticket: str, is_leaving: Callable[[], bool]) -> str:
    """Give the agent its ticket; return what it wrote until its end."""
    while True:
        try:
            told, _ = process.communicate(ticket, timeout=LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            if is_leaving():
                process.terminate()
        else:
            return told
