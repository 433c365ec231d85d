"""Nothing is left running: after Ctrl-C, and after a SIGKILL of the server alone."""

import signal

from e2e.servers import DevServer, wait_until

PROJECT = """
import subprocess, time
from vedette import *

@op
def wait():
    subprocess.run(["sleep", "600"])

@job
def waits():
    wait()

@sensor(job=waits, minimum_interval_seconds=0.1, default_status=DefaultSensorStatus.RUNNING)
def once(context):
    yield RunRequest(run_key="only")
"""
STARTED_RUN = "{ runs(filter: {status: [STARTED]}) { edges { node { id } } } }"
ENDED_RUN = "{ runs { edges { node { status error { message } } } } }"


def start_with_a_running_run(server: DevServer) -> None:
    server.write(PROJECT)
    server.start()
    wait_until(lambda: server.query(STARTED_RUN)["runs"]["edges"], "the run to start")


def test_ctrl_c_stops_everything_that_was_started(dev_server: DevServer) -> None:
    start_with_a_running_run(dev_server)

    assert dev_server.interrupt(60) == 0

    wait_until(lambda: not dev_server.tree(), "the end of every process")
    assert "Traceback" not in dev_server.log.read_text()


def test_a_kill_of_the_server_alone_leaves_nothing_running(dev_server: DevServer) -> None:
    start_with_a_running_run(dev_server)

    dev_server.process.send_signal(signal.SIGKILL)
    dev_server.process.wait(10)

    def is_gone() -> bool:
        names = {process.name() for process in dev_server.tree()}
        return not names - {"sleep"}  # what an op itself started is cleaned up by the next start

    wait_until(is_gone, "the end of every process of ours", 30)


def test_the_next_start_after_a_kill_cleans_up_and_tells_of_the_interrupted_run(dev_server: DevServer) -> None:
    start_with_a_running_run(dev_server)
    dev_server.process.send_signal(signal.SIGKILL)
    dev_server.process.wait(10)

    dev_server.start()

    def ended() -> bool:
        [edge] = dev_server.query(ENDED_RUN)["runs"]["edges"]
        return edge["node"]["status"] == "FAILURE" and "interrupted" in edge["node"]["error"]["message"]

    wait_until(ended, "the interrupted run to be FAILURE")
    wait_until(
        lambda: "sleep" not in {process.name() for process in dev_server.tree()}, "the end of what the op started"
    )
