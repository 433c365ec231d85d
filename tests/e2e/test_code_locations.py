"""A project that does not import says so, and comes up by itself when its file is saved right."""

import json
import os
import subprocess
import sys
from typing import Any

from e2e.servers import DevServer, wait_until

BROKEN = "import vedette\nimport no_such_module\n"
GOOD = """
from vedette import *

@sensor(minimum_interval_seconds=0.2, default_status=DefaultSensorStatus.RUNNING)
def watcher(context):
    return SkipReason("version {version}")
"""
LOCATIONS = "{ codeLocations { name loadedAt error { type message stack } } }"
LAST = '{ sensor(by: {name: {name: "watcher"}}) { condition { kind } lastTick { skipReason } } }'


def location(server: DevServer) -> Any:
    locations = server.query(LOCATIONS)["codeLocations"]
    return locations[0] if locations else None


def skip_reason(server: DevServer) -> Any:
    sensor = server.query(LAST)["sensor"]
    return sensor and sensor["lastTick"] and sensor["lastTick"]["skipReason"]


def test_a_project_that_does_not_import_shows_its_error_and_comes_up_when_saved_right(dev_server: DevServer) -> None:
    dev_server.write(BROKEN)
    dev_server.start()
    shown = wait_until(lambda: (location(dev_server) or {}).get("error"), "the error of the code location")
    assert shown["type"] == "ModuleNotFoundError"
    assert "no_such_module" in shown["message"]
    assert any("project.py" in frame for frame in shown["stack"])
    assert "no_such_module" in dev_server.log.read_text()

    dev_server.write(GOOD.replace("{version}", "1"))

    wait_until(lambda: skip_reason(dev_server) == "version 1", "a tick of the mended project")
    assert location(dev_server)["error"] is None


def test_a_saved_change_is_reloaded_and_a_broken_one_unloads_the_sensor(dev_server: DevServer) -> None:
    dev_server.write(GOOD.replace("{version}", "1"))
    dev_server.start()
    wait_until(lambda: skip_reason(dev_server) == "version 1", "a tick of the first version")

    dev_server.write(GOOD.replace("{version}", "2"))
    wait_until(lambda: skip_reason(dev_server) == "version 2", "a tick of the second version")

    dev_server.write(BROKEN)
    wait_until(lambda: dev_server.query(LAST)["sensor"]["condition"]["kind"] == "UNLOADED", "the sensor to be unloaded")


def call(server: DevServer, *words: str) -> "subprocess.CompletedProcess[str]":
    environ = {**os.environ, "VEDETTE_URL": server.address}
    command = [sys.executable, "-m", "vedette.cli", "code-location", *words]
    return subprocess.run(command, capture_output=True, text=True, env=environ, timeout=60, check=False)


def test_code_locations_are_listed_shown_and_reloaded_at_the_terminal(dev_server: DevServer) -> None:
    dev_server.write(GOOD.replace("{version}", "1"))
    dev_server.start("--no-watch")
    wait_until(lambda: skip_reason(dev_server) == "version 1", "a tick of the first version")
    [listed] = json.loads(call(dev_server, "list", "--json").stdout)
    assert (listed["name"], listed["error"]) == ("project", None)

    dev_server.write(GOOD.replace("{version}", "2"))
    reloaded = call(dev_server, "reload", "project")
    assert (reloaded.returncode, reloaded.stderr) == (0, "")
    wait_until(lambda: skip_reason(dev_server) == "version 2", "a tick of the second version")

    dev_server.write(BROKEN)
    refused = call(dev_server, "reload", "project")
    assert refused.returncode == 1
    assert "'project' does not load: ModuleNotFoundError: No module named 'no_such_module'." in refused.stderr
    assert "project.py" in call(dev_server, "show", "project").stdout
    [broken] = json.loads(call(dev_server, "list", "--json").stdout)
    assert broken["error"]["type"] == "ModuleNotFoundError"
    unknown = call(dev_server, "show", "other")
    assert (unknown.returncode, unknown.stderr) == (
        1,
        "Error: There is no code location 'other'; there are: project.\n",
    )
