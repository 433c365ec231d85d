"""`make chaos` in short: the same fleet, the same kills, for some seconds."""

import subprocess
import sys

import pytest

KILLS = 12


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_dozen_kills_lose_and_double_nothing() -> None:
    command = [sys.executable, "-m", "chaos", "--kills", str(KILLS)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    said = done.stdout.splitlines()
    assert done.returncode == 0, done.stdout + done.stderr
    assert said[-3].startswith(f"{KILLS} kills, ")
    assert said[-2:] == ["0 lost, 0 doubled", "passed"]
