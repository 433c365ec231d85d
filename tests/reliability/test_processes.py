"""Processes that are frozen, restarted one by one, or whose clocks are wrong."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from chaos.processes import wait_until
from chaos.template import Template
from chaos.trial import Trial

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif("SURROUNDINGS" not in os.environ, reason="`make reliability` runs it"),
]
STUCK_SECONDS = 20.0
HOUR = "3600"
LEASE_SECONDS = 2.0
# The interval of the trial's sensors with their longest evaluation, and what a busy machine adds.
PACE_SECONDS = 0.4 + 0.3
BUSY_SECONDS = 1.5


def assert_sound(trial: Trial) -> None:
    trial.settle(STUCK_SECONDS)
    assert trial.verdict().problems == []


@pytest.fixture
def thawed(tmp_path: Path, database_url: str, template: Template) -> Iterator[Trial]:
    """Of two evaluators, one was frozen for much longer than its lease, and goes on."""
    with Trial(tmp_path, database_url, template=template) as trial:
        [frozen, *_] = trial.start("evaluate", "evaluate", "launch")
        trial.events.start()
        time.sleep(3)
        frozen.process.send_signal(signal.SIGSTOP)
        time.sleep(LEASE_SECONDS + 6)
        frozen.process.send_signal(signal.SIGCONT)
        time.sleep(1)
        yield trial


def test_an_evaluator_that_was_frozen_wakes_without_harm(thawed: Trial) -> None:
    assert_sound(thawed)


def test_an_evaluator_that_freezes_is_replaced_within_its_lease_and_a_second(thawed: Trial) -> None:
    thawed.settle(STUCK_SECONDS)
    assert thawed.health.longest_silence() < LEASE_SECONDS + 1 + PACE_SECONDS + BUSY_SECONDS


def test_a_rolling_restart_of_everything_leaves_no_sensor_unattended(
    tmp_path: Path, database_url: str, template: Template
) -> None:
    with Trial(tmp_path, database_url, serves=2, template=template) as trial:
        trial.start("evaluate", "evaluate", "launch", "launch")
        trial.events.start()
        time.sleep(1)
        for process in list(trial.fleet.processes):
            if process.role != "serve":
                trial.start(process.role)
            assert process.terminate() == 0, process.log.read_text()
            if process.role == "serve":
                trial.fleet.replace(process).wait_ready()
        assert_sound(trial)
        assert trial.verdict().interrupted == 0
        assert trial.health.longest_silence() < PACE_SECONDS + LEASE_SECONDS + BUSY_SECONDS


def test_clocks_that_differ_by_an_hour_either_way(tmp_path: Path, database_url: str, template: Template) -> None:
    with Trial(tmp_path, database_url, template=template) as trial:
        for role in ("evaluate", "launch"):
            for shift in (HOUR, f"-{HOUR}"):
                trial.fleet.start(role, CHAOS_CLOCK_SHIFT=shift).wait_ready()
        trial.events.start()
        time.sleep(3)
        [ahead, *_] = [process for process in trial.fleet.processes if process.role == "evaluate"]
        ahead.kill()
        wait_until(lambda: not ahead.is_alive, "the evaluator whose clock is ahead to die", 5)
        assert_sound(trial)
