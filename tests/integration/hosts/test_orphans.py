"""The server is killed: nothing that it started lives on, not even what user code started."""

import os
import signal
import sys
from asyncio.subprocess import PIPE, create_subprocess_exec
from pathlib import Path

import psutil
import pytest

from integration.hosts.projects import Project, is_running, until

SERVER = """
import asyncio, sys, uuid
from vedette.domain.runs import RunInstruction
from vedette.domain.ticks import EvaluationInstruction
from vedette.hosts.locations import CodeLocations
from vedette.settings import Settings

async def main():
    async with CodeLocations({"project": sys.argv[1]}, Settings(), watch=False) as locations:
        location = locations["project"]
        async with location.run_process(RunInstruction(uuid.uuid4(), "works")) as process:
            await process.ready()
            await process.begin()
            evaluation = EvaluationInstruction(uuid.uuid4(), "hangs", 100.0)
            await location.evaluate(evaluation)

asyncio.run(main())
"""

PROJECT = """
from pathlib import Path

here = Path(__file__).parent

def start(name):
    child = subprocess.Popen(["sleep", "1000"])
    (here / name).write_text(f"{os.getpid()} {child.pid}")
    time.sleep(1000)

@op
def work():
    start("run")

@job
def works():
    work()

@sensor()
def hangs():
    start("host")
"""


@pytest.mark.parametrize("at_import", ["", "threading.Thread(target=time.sleep, args=[1000], daemon=True).start()\n"])
async def test_a_server_that_is_killed_leaves_nothing_behind(project: Project, tmp_path: Path, at_import: str) -> None:
    project.write(at_import + PROJECT)
    server = await create_subprocess_exec(sys.executable, "-c", SERVER, str(project.path), stdout=PIPE, stderr=PIPE)
    try:
        files = [tmp_path / "run", tmp_path / "host"]
        await until(lambda: all(file.exists() and file.read_text() for file in files), "both processes", 30)
        pids = {child.pid for child in psutil.Process(server.pid).children(recursive=True)}
        assert {int(word) for file in files for word in file.read_text().split()} <= pids
    finally:
        os.kill(server.pid, signal.SIGKILL)
        await server.communicate()

    await until(lambda: not any(map(is_running, pids)), "the end of all processes")
