"""The built wheel, in an environment that has what the wheel asks for and nothing else: it does everything."""

import importlib.metadata
import json
import os
import re
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zipfile import ZipFile

import httpx
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from e2e.servers import free_port, wait_until

ROOT = Path(__file__).parents[2]
SITE = Path(sysconfig.get_path("purelib"))
PROJECT = (ROOT / "deploy" / "project" / "project.py").read_text(encoding="utf-8")
# Those of the tests, which no one who runs Vedette needs.
NOT_NEEDED = {"pytest", "mypy", "hypothesis", "ruff", "opentelemetry-sdk", "hatchling"}


def clean_environ() -> dict[str, str]:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("VEDETTE_", "PYTHON", "VIRTUAL_"))
    }
    return {**kept, "COLUMNS": "200"}


def run(*words: str | Path, cwd: Path) -> str:
    done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False, cwd=cwd, env=clean_environ())
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def wanted(requirements: list[str], extras: frozenset[str] = frozenset()) -> Iterator[Requirement]:
    """Yield those of the requirements that are for this machine and these extras."""
    for text in requirements:
        requirement = Requirement(text)
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in extras | {""}):
            yield requirement


def closure(wheel: Path) -> set[str]:
    """Return the names of all packages that the wheel asks for, and of those that these ask for."""
    with ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        metadata = archive.read(name).decode()
    asked = list(wanted(re.findall(r"^Requires-Dist: (.*)$", metadata, re.MULTILINE)))
    seen: set[tuple[str, frozenset[str]]] = set()
    while asked:
        requirement = asked.pop()
        key = canonicalize_name(requirement.name), frozenset(requirement.extras)
        if key not in seen:
            seen.add(key)
            requires = importlib.metadata.requires(requirement.name) or []
            asked += wanted(requires, frozenset(requirement.extras))
    return {name for name, _ in seen}


def environment(folder: Path, wheel: Path) -> Path:
    """Make an environment of the wheel and its closure, as it is installed here; return the folder of its programs."""
    run(sys.executable, "-m", "venv", folder, cwd=folder.parent)
    programs = folder / "bin"
    run(programs / "python", "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", wheel, cwd=folder.parent)
    site = Path(
        run(programs / "python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder).strip()
    )
    needed = closure(wheel)
    assert not needed & NOT_NEEDED
    for name in needed:
        files = importlib.metadata.distribution(name).files or []
        for top in {file.parts[0] for file in files} - {"..", "__pycache__"}:
            if not (site / top).exists():
                (site / top).symlink_to(SITE / top)
    return programs


@contextmanager
def dev(programs: Path, folder: Path, port: str) -> Iterator[None]:
    log = folder / "dev.log"
    with log.open("wb") as output:
        words: list[str | Path] = [programs / "vedette", "dev", "project.py", "--port", port]
        server = subprocess.Popen(words, stdout=output, stderr=output, cwd=folder, env=clean_environ())
    try:
        yield
        server.send_signal(signal.SIGINT)
        assert server.wait(60) == 0, log.read_text()
    finally:
        server.kill()
        server.wait(10)


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_the_wheel_alone_does_everything(tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    words = ["wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(wheels), str(ROOT)]
    run(sys.executable, "-m", "pip", *words, cwd=tmp_path)
    [wheel] = wheels.glob("vedette-*.whl")
    programs = environment(tmp_path / "environment", wheel)
    place = run(programs / "python", "-c", "import vedette; print(vedette.__file__)", cwd=tmp_path).strip()
    assert place.startswith(str(tmp_path))
    assert run(programs / "vedette", "schema", cwd=tmp_path) == (ROOT / "schema.graphql").read_text(encoding="utf-8")

    (tmp_path / "project.py").write_text(PROJECT)
    port, inbox = str(free_port()), tmp_path / "inbox"
    inbox.mkdir()
    address = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        try:
            return httpx.get(f"{address}/readyz", timeout=10).status_code == 200
        except httpx.TransportError:
            return False

    def vedette(*words: str) -> str:
        return run(programs / "vedette", *words, cwd=tmp_path)

    with dev(programs, tmp_path, port):
        wait_until(answers, "the server", 120)
        (inbox / "ada").touch()
        at = ("--url", address)

        def is_done() -> bool:
            runs = json.loads(vedette("run", "list", "--run-key", "ada", "--json", *at))
            return "SUCCESS" in json.dumps(runs)

        wait_until(is_done, "the run", 60)
        assert "arrivals" in vedette("sensor", "list", *at)
        assert "hello, ada" in json.dumps([*_logs(address)])
        assert "PROBLEM" not in vedette("doctor", "--home", ".vedette")
        assert "vedette_ticks_total" in httpx.get(f"{address}/metrics", timeout=30).text

        # The page, and what it is made of.
        page = httpx.get(address, headers={"accept": "text/html"}, timeout=30).text
        parts = re.findall(r'(?:src|href)="(/static/[^"]+)"', page)
        assert any(part.endswith(".js") for part in parts)
        assert all(httpx.get(address + part, timeout=30).status_code == 200 for part in parts)
        graphiql = httpx.get(f"{address}/graphql", headers={"accept": "text/html"}, timeout=30).text
        assert re.search(r'src="/static/[^"]+\.js"', graphiql)


def _logs(address: str) -> Iterator[str]:
    document = "{ runs(first: 1) { edges { node { events(first: 50) { edges { node { message } } } } } } }"
    answer = httpx.post(f"{address}/graphql", json={"query": document}, timeout=30).json()
    for one in answer["data"]["runs"]["edges"]:
        for event in one["node"]["events"]["edges"]:
            yield str(event["node"]["message"])
