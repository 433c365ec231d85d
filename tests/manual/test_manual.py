"""Every example of docs/manual, as a reader would run it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from e2e.servers import DevServer, wait_until
from manual.pages import NAMES, PAGES, Page

ROOT = Path(__file__).parents[2]
NOTHING_COLLECTED = 5


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "inbox").mkdir(parents=True)
    return folder


def test_every_example_is_of_a_kind_that_is_run() -> None:
    assert PAGES
    assert set().union(*(page.languages for page in PAGES)) <= {"python", "sh"}


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_the_tests_of_a_page_pass(page: Page, project: Path) -> None:
    (project / "project.py").write_text(page.project)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "project.py",
        "-q",
        "-W",
        "error",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:asyncio",
    ]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=100, check=False)
    tests = re.findall(r"^def (test_\w+)", page.project, re.MULTILINE)
    assert done.returncode == (0 if tests else NOTHING_COLLECTED), done.stdout + done.stderr


@pytest.mark.parametrize("page", [page for page in PAGES if page.commands], ids=lambda page: page.path.stem)
def test_the_commands_of_a_page_do_what_they_say(page: Page, project: Path, server: DevServer) -> None:
    server.write(page.project)
    server.start()
    wait_until(lambda: server.query("{ codeLocations { version } }")["codeLocations"], "the page's project")
    environ = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "VEDETTE_PORT": str(server.port),
    }
    for line in page.commands:
        done = subprocess.run(
            line, shell=True, cwd=project, env=environ, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"


def test_the_links_of_the_manual_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.text):
            assert (page.path.parent / target).exists(), f"{page.path.name}: {target}"
