"""What an idle server is: a handful of processes, and no socket that leads anywhere else."""

import ipaddress

import psutil

from e2e.servers import DevServer, wait_until

PROJECT = """
from vedette import *

@sensor(minimum_interval_seconds=0.2, default_status=DefaultSensorStatus.RUNNING)
def watcher(context):
    return SkipReason("nothing new")
"""
TICKED = '{ sensor(by: {name: {name: "watcher"}}) { lastTick { number } } }'


def is_ours(process: psutil.Process) -> bool:
    return any("vedette" in word for word in process.cmdline()[1:]) and "postgres" not in process.name()


def test_nothing_is_told_to_anybody_and_user_code_shares_its_processes(dev_server: DevServer) -> None:
    """E45: upstream, telemetry is on by default, and each part and each run loads the code anew."""
    dev_server.write(PROJECT)
    dev_server.start()
    wait_until(lambda: (dev_server.query(TICKED)["sensor"] or {}).get("lastTick"), "a tick")
    tree = dev_server.tree()
    sockets = [socket for process in tree for socket in process.net_connections("inet")]
    # One that leads nowhere yet has an empty end.
    ends: list[tuple[object, ...]] = [tuple(end) for socket in sockets for end in (socket.laddr, socket.raddr)]
    addresses = [str(end[0]) for end in ends if end]
    assert addresses, "the API listens at least"
    assert all(ipaddress.ip_address(address).is_loopback for address in addresses)
    # The server; the process that has loaded the code; the host that is forked from it.
    loading = [process for process in tree if process.name().startswith("python") and is_ours(process)]
    assert len(loading) <= 4, [process.cmdline() for process in loading]
