"""The command line as a person uses it: good words work, bad ones give one clear line and exit code 2."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from e2e.servers import DevServer, wait_until


def vedette(*words: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    """Run the command line to its end."""
    command = [sys.executable, "-m", "vedette.cli", *words]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, env={**os.environ, **environ}, check=False
    )


def assert_usage_error(done: "subprocess.CompletedProcess[str]", *words: str) -> None:
    """Check for one clear line on standard error that has `words`, exit code 2 and no traceback."""
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("Error: ")]
    assert len(lines) == 1, done.stderr
    for word in words:
        assert word in lines[0]


def test_a_taken_port_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "project.py").write_text("import vedette\n")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = vedette("dev", str(tmp_path / "project.py"), "--port", port, "--home", str(tmp_path / "home"))
    assert_usage_error(done, port)


def test_an_unreachable_database_is_one_clear_line_without_its_password(tmp_path: Path) -> None:
    url = "postgresql://someone:hunter2@127.0.0.1:1/nowhere"
    done = vedette("serve", VEDETTE_DATABASE_URL=url)
    assert_usage_error(done, "127.0.0.1")
    assert "hunter2" not in done.stderr + done.stdout


@pytest.mark.parametrize(
    ("variable", "value"),
    [("VEDETTE_PORT", "http"), ("VEDETTE_PORT", "70000"), ("VEDETTE_SLOTS", "0"), ("VEDETTE_PROT", "4400")],
)
def test_a_bad_setting_is_one_clear_line(variable: str, value: str) -> None:
    assert_usage_error(vedette("serve", **{variable: value}), variable)


@pytest.mark.parametrize("target", ["missing.py", "folder", "notes.txt"])
def test_a_wrong_file_is_one_clear_line(tmp_path: Path, target: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "notes.txt").write_text("no Python")
    done = vedette("dev", str(tmp_path / target), "--home", str(tmp_path / "home"))
    assert_usage_error(done, target)


def test_the_command_line_is_ready_before_the_server_is_imported() -> None:
    """The database starts meanwhile: what this imports is what a start waits for before anything else happens."""
    code = "import sys, vedette.cli.serving; print(*sorted(name for name in sys.modules if '.' not in name))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"sqlalchemy", "alembic", "strawberry", "graphql", "starlette", "uvicorn"} & set(done.stdout.split())


def test_no_server_is_one_clear_line() -> None:
    assert_usage_error(vedette("sensor", "list", VEDETTE_PORT="1"), "vedette dev")


PROJECT = """
from vedette import *

@op
def greet():
    print("hello from greet")

@job
def greets():
    greet()

@sensor(job=greets, minimum_interval_seconds=3600)
def greeter(context):
    context.update_cursor("seen")
    return RunRequest(run_key=context.cursor)

@sensor(minimum_interval_seconds=3600)
def late():
    import time
    time.sleep(1.5)
    raise RuntimeError("too late") from KeyError("early")

@run_status_sensor(RunStatus.FAILURE, monitored_jobs=[greets], request_job=greets)
def again(context):
    return RunRequest(tags={"again": context.run.run_id[:4]})
"""


def test_a_session_at_the_terminal(dev_server: DevServer) -> None:
    dev_server.write(PROJECT)
    dev_server.start()
    port = {"VEDETTE_PORT": str(dev_server.port)}
    wait_until(lambda: "greeter" in vedette("sensor", "list", **port).stdout, "the sensor to be listed")

    def ok(*words: str) -> str:
        done = vedette(*words, **port)
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    assert "STOPPED" in ok("sensor", "list")
    assert "seen" in ok("sensor", "preview", "greeter")
    assert '"edges": []' in ok("run", "list", "--json") or "[]" in ok("run", "list", "--json")
    ok("sensor", "tick", "greeter")
    ok("sensor", "start", "greeter")
    assert "RUNNING" in ok("sensor", "list")
    ok("sensor", "stop", "greeter", "--note", "enough")
    ok("sensor", "cursor", "greeter", "--set", "elsewhere")
    assert "elsewhere" in ok("sensor", "cursor", "greeter")
    wait_until(lambda: "SUCCESS" in ok("run", "list"), "the run to succeed")
    assert "greeter" in ok("tick", "list")
    ticked = vedette("sensor", "tick", "late", **port)
    assert (ticked.returncode, "FAILURE" in ticked.stdout) == (1, True), ticked
    assert (ticked.stdout + ticked.stderr).count("too late") == 1
    tried = vedette("sensor", "preview", "late", **port)
    assert tried.returncode == 1
    assert tried.stderr == "Error: RuntimeError: too late\ncaused by KeyError: 'early'\n"
    assert vedette("sensor", "start", "nobody", **port).returncode == 1
    assert vedette("run", "launch", "nothing", **port).returncode == 1
    launched = ok("run", "launch", "greets", "--wait")
    assert "SUCCESS" in launched
    run_id = launched.split()[0]
    assert f"again={run_id[:4]}" in ok("sensor", "preview", "again", "--run", run_id)
    assert "no event" in ok("sensor", "preview", "again")
