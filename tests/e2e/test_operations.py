"""docs/operations.md: every command of it, in one shell, in its order."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from anyio.from_thread import BlockingPortal

from conftest import execute, named
from e2e.servers import free_port
from vedette.storage.embedded import binaries as embedded_binaries

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
PORTS = ("4400", "4481", "4482")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def programs() -> Path:
    """Return the folder of the programs of Postgres; skips the test where pg_dump is not among them."""
    folder = embedded_binaries.find(None).folder
    if (folder / "pg_dump").is_file():
        return folder
    pytest.skip("There is no pg_dump beside the Postgres that is installed.")


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed.")
@pytest.mark.timeout(400)
def test_every_command_does_what_it_says(
    empty_database_url: str, portal: BlockingPortal, postgres_url: str, tmp_path: Path
) -> None:
    restored = f"{urlsplit(empty_database_url).path.strip('/')}_restored"
    portal.call(execute, postgres_url, f"CREATE DATABASE {restored}")
    script = "set -eu\n" + "\n".join(blocks("sh"))
    for port in PORTS:
        script = script.replace(port, str(free_port()))
    api_port = re.findall(r"http://127\.0\.0\.1:(\d+)/graphql", script)[0]
    (tmp_path / "deploy").symlink_to(ROOT / "deploy")
    # Where `make setup` would have put it.
    (tmp_path / ".venv").symlink_to(Path(sys.prefix))
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("VEDETTE_")}
    environ = {
        **inherited,
        "PATH": f"{programs()}:{os.environ['PATH']}",
        "VEDETTE_DATABASE_URL": empty_database_url,
        "RESTORED_URL": named(postgres_url, restored),
        "VEDETTE_PORT": api_port,
    }
    log = tmp_path / "script.log"
    try:
        with log.open("wb") as output:
            shell = subprocess.Popen(
                # With -m, as at a terminal, %1 is a job.
                ["bash", "-m", "-x", "-c", script],
                stdout=output,
                stderr=output,
                cwd=tmp_path,
                env=environ,
                start_new_session=True,
            )
            try:
                code = shell.wait(380)
            finally:
                _end(shell)
        assert code == 0, log.read_text()[-5000:]
        assert "durability" in (tmp_path / "doctor.json").read_text()
    finally:
        portal.call(execute, postgres_url, f"DROP DATABASE {restored} WITH (FORCE)")


def _end(shell: "subprocess.Popen[bytes]") -> None:
    """Kill whatever the shell has started and left: jobs are process groups of their own, in its session."""
    found = subprocess.run(["ps", "-s", str(shell.pid), "-o", "pid="], capture_output=True, text=True, check=False)
    for pid in found.stdout.split():
        try:
            os.kill(int(pid), signal.SIGKILL)
        except ProcessLookupError:
            continue


def test_the_metrics_and_settings_that_it_names_are_there() -> None:
    metrics = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    named_here = set(re.findall(r"vedette_[a-z_]+(?=[`) ])", PAGE))
    assert named_here
    assert all(f"| `{name}` |" in metrics for name in named_here)
    alerts = (ROOT / "deploy" / "dashboards" / "alerts.yaml").read_text(encoding="utf-8")
    assert all(f"alert: {name}\n" in alerts for name in set(re.findall(r"`(Vedette[A-Z]\w+)`", PAGE)))


def test_what_alerts_say_to_look_up_is_there() -> None:
    alerts = (ROOT / "deploy" / "dashboards" / "alerts.yaml").read_text(encoding="utf-8")
    titles = re.findall(r'See "([^"]+)"', alerts)
    assert titles
    assert all(f"### {title}\n" in PAGE for title in titles)


def test_every_block_is_run_or_only_shown() -> None:
    assert set(re.findall(r"^```(\w+)$", PAGE, re.MULTILINE)) == {"sh", "yaml"}
