"""The first signal cancels, the second ends at once; on real processes."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

POLITE = """
import asyncio
from vedette.cli.running import run_until_stopped

async def work():
    try:
        print("working", flush=True)
        await asyncio.Event().wait()
    finally:
        await asyncio.sleep(0.05)
        print("tidied up", flush=True)

run_until_stopped(work())
print("and on", flush=True)
"""
STUBBORN = """
import asyncio, time
from vedette.cli.running import run_until_stopped

async def work():
    try:
        print("working", flush=True)
        await asyncio.Event().wait()
    finally:
        print("stuck", flush=True)
        time.sleep(60)

run_until_stopped(work())
"""
FAILING = """
from vedette.cli.running import run_until_stopped

async def work():
    raise ValueError("a bug")

run_until_stopped(work())
"""


@contextmanager
def running(script: str) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().rstrip("\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_lets_the_work_tidy_up_and_is_no_failure(number: signal.Signals) -> None:
    with running(POLITE) as process:
        assert line(process) == "working"
        process.send_signal(number)
        assert [line(process), line(process)] == ["tidied up", "and on"]
        assert process.wait(10) == 0


def test_the_second_signal_ends_also_what_is_stuck() -> None:
    with running(STUBBORN) as process:
        assert line(process) == "working"
        process.send_signal(signal.SIGINT)
        assert line(process) == "stuck"
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == -signal.SIGINT


@contextmanager
def ignoring_ctrl_c() -> Iterator[None]:
    """Start processes as shells without job control start what is to run in the background."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def test_ctrl_c_that_was_ignored_when_it_began_stays_so() -> None:
    with ignoring_ctrl_c(), running(POLITE) as process:
        assert line(process) == "working"
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGINT)
        # Had the first been heeded, the second would have ended it at once.
        process.send_signal(signal.SIGTERM)
        assert [line(process), line(process)] == ["tidied up", "and on"]
        assert process.wait(10) == 0


def test_an_error_is_not_swallowed() -> None:
    with running(FAILING) as process:
        _, errors = process.communicate(timeout=20)
        assert process.returncode == 1
        assert "ValueError: a bug" in errors


def test_ctrl_c_while_asking_is_one_line_and_its_own_exit_code() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        command = [sys.executable, "-m", "vedette.cli", "sensor", "list", "--url", url]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            silent.settimeout(30)
            asked, _ = silent.accept()
            with asked:
                asked.recv(1)
                process.send_signal(signal.SIGINT)
                out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (130, "")
    assert err == "\nStopped by Ctrl-C. What the server was asked to do, it may do all the same.\n"


def test_a_question_in_the_background_is_not_ended_by_ctrl_c() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        command = [sys.executable, "-m", "vedette.cli", "sensor", "list", "--url", url]
        with (
            ignoring_ctrl_c(),
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process,
        ):
            silent.settimeout(30)
            asked, _ = silent.accept()
            with asked:
                asked.recv(1)
                process.send_signal(signal.SIGINT)
                asked.recv(1_000_000)
            silent.close()
            assert "Stopped by Ctrl-C" not in process.communicate(timeout=30)[1]
    # That nobody answered it.
    assert process.returncode == 2


# Another thread deals with the signal, so that it does not end the main one's wait: as if it had come just before it.
UNHEARD = """
import selectors, signal, socket, sys, threading
from vedette.cli.client import Client

silent = socket.create_server(("127.0.0.1", 0))
main = threading.main_thread().ident

def interrupt():
    asked, _ = silent.accept()
    asked.recv(1)
    while sys._current_frames()[main].f_code is not selectors.EpollSelector.select.__code__:
        pass
    signal.pthread_kill(threading.get_ident(), signal.SIGINT)
    asked.recv(1_000_000)
    asked.recv(1)

threading.Thread(target=interrupt, daemon=True).start()
try:
    with Client(f"http://127.0.0.1:{silent.getsockname()[1]}/graphql") as client:
        client.execute("{ instance { version } }")
except KeyboardInterrupt:
    print("interrupted")
"""


def test_ctrl_c_is_heard_though_it_did_not_end_the_wait() -> None:
    with running(UNHEARD) as process:
        out, err = process.communicate(timeout=20)
    assert (out, err) == ("interrupted\n", "")
