import os
import subprocess
import sys

import pytest

from vedette.faults import Point, parse


def passages(faults: str, code: str) -> "subprocess.CompletedProcess[str]":
    script = f"from vedette.faults import Point, is_dropped, reached\n{code}"
    environment = os.environ | {"VEDETTE_FAULTS": faults}
    return subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False)


def test_a_fault_strikes_at_its_passage_only() -> None:
    code = "for n in range(4):\n  try: reached(Point.COMMIT)\n  except TimeoutError: print(n)"
    assert passages("COMMIT=timeout@3", code).stdout.split() == ["2"]
    assert passages("COMMIT=timeout", code).stdout.split() == ["0"]
    assert passages("COMMIT=timeout@*", code).stdout.split() == ["0", "1", "2", "3"]
    assert passages("COMMITTED=timeout", code).stdout.split() == []


def test_a_forked_process_takes_faults_of_its_own() -> None:
    code = (
        "from vedette.faults import arm\narm('COMMIT=timeout@2')\n"
        "for n in range(3):\n  reached(Point.TICK_COMMIT)\n"
        "  try: reached(Point.COMMIT)\n  except TimeoutError: print(n)"
    )
    assert passages("TICK_COMMIT=timeout@*", code).stdout.split() == ["1"]


def test_kill_is_the_kernels() -> None:
    result = passages("TICK_COMMIT=kill", "reached(Point.TICK_COMMIT)")
    assert result.returncode == -9
    assert result.stderr == "fault injected at TICK_COMMIT: kill\n"


def test_a_stopped_process_goes_on() -> None:
    code = "import time\nbegan = time.time()\nreached(Point.COMMIT)\nprint(time.time() - began > 0.2)"
    assert passages("COMMIT=stop:0.3", code).stdout.split() == ["True"]


def test_a_step_is_left_out() -> None:
    assert passages("NOTIFY=drop@2", "print([is_dropped(Point.NOTIFY) for _ in range(3)])").stdout == (
        "[False, True, False]\n"
    )


def test_a_percentage_of_passages() -> None:
    fault = parse("COMMIT=error%20")[Point.COMMIT]
    assert 100 < sum(fault.is_due() for _ in range(1000)) < 300


@pytest.mark.parametrize("text", ["COMMIT", "NOWHERE=kill", "COMMIT=explode", "COMMIT=kill@x"])
def test_what_is_no_fault_is_named(text: str) -> None:
    with pytest.raises(ValueError, match=f"{text}.*the points are"):
        parse(text)
