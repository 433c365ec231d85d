"""What the command line says of engines, without one."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from integration.engines.clusters import free_port

PROJECT = "from vedette import *\n\n@op\ndef work(): ...\n\n@job\ndef works():\n    work()\n"


def vedette(folder: Path, *words: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("VEDETTE_")}
    return subprocess.run(
        [sys.executable, "-m", "vedette.cli", *words],
        capture_output=True, text=True, timeout=60, check=False, cwd=folder, env={**inherited, **environ},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--engine", "dask"], "the engine dask needs engine_address as well"),
        (["--engine", "spark"], "engine='spark' is not a valid engine"),
        (["--engine", "dask", "--engine-address", "auto"], "'auto' has no host and port"),
        (["--engine", "ray", "--engine-address", "no.such.host.invalid:6379"], "is not to be found from here"),
        (
            ["--engine", "ray", "--engine-address", "127.0.0.1:6379", "--engine-listen", "here:port"],
            "is no HOST or HOST:PORT",
        ),
    ],
)
def test_an_engine_that_cannot_be_is_refused_at_the_start(
    tmp_path: Path, database_url: str, words: list[str], told: str
) -> None:
    (tmp_path / "project.py").write_text(PROJECT)
    done = vedette(tmp_path, "launch", "project.py", *words, VEDETTE_DATABASE_URL=database_url)
    assert done.returncode == 2, done.stderr
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_doctor_says_whether_the_engine_is_reached(tmp_path: Path, database_url: str) -> None:
    address = f"127.0.0.1:{free_port()}"
    environ = {"VEDETTE_DATABASE_URL": database_url, "VEDETTE_ENGINE": "dask", "VEDETTE_ENGINE_ADDRESS": address}
    silent = vedette(tmp_path, "doctor", **environ)
    assert f"Dask at {address} is not reached" in silent.stdout
    assert silent.returncode == 1
    with socket.create_server(("127.0.0.1", int(address.rpartition(":")[2]))):
        assert f"Runs execute by dask at {address}, which answers." in vedette(tmp_path, "doctor", **environ).stdout
