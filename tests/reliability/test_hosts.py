"""`make hosts` in short: two machines of a network of our own, one of which is cut off for some seconds and healed."""

import subprocess
import sys

import pytest

NO_NETWORK = 2


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_machine_that_is_cut_off_loses_and_doubles_nothing() -> None:
    command = [sys.executable, "-m", "chaos.hosts", "--cuts", "silence", "--seconds", "4"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    if done.returncode == NO_NETWORK:
        pytest.skip(done.stdout.strip())
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "passed"
