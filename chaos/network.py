"""A network of our own: machines in namespaces of their own on a bridge, and links between them that can be cut.

It needs Linux with `unshare`, `nsenter` (util-linux), `ip` and `bridge` (iproute2), and root or user namespaces that
anybody may make. What is made vanishes with its processes.
"""

import os
import socket
import subprocess
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from chaos.processes import Place
from chaos.template import Template

# Where those who watch are, and where Postgres listens: both outside of every machine.
OUTSIDE, DATABASE = "10.77.0.1", "10.77.0.2"
NETS = "10.77.0.0/24"
# A hardware address that nobody has: what goes there is lost without a word.
NOWHERE = "02:00:00:00:de:ad"
BRIDGE = "bridge0"
MACHINE = ("unshare", "--net", "--uts", "--pid", "--mount-proc", "--fork", "--kill-child")
UNSHARED_SECONDS = 10.0
# States of a bridge's port.
DISABLED, FORWARDING = "0", "3"


class NoNetwork(Exception):
    """No network can be made here; the text is a sentence that says why, and what to do."""


def enclosure() -> list[str]:
    """Return what to put before a command so that it has a network of its own to build in. Raises NoNetwork."""
    prefix = ["unshare", "--net"]
    if os.geteuid() != 0:
        prefix = ["unshare", "--user", "--map-current-user", "--keep-caps", "--net"]
    trial = f"ip link add {BRIDGE} type bridge && bridge link && {' '.join(MACHINE)} true"
    try:
        done = subprocess.run(
            [*prefix, "sh", "-c", trial], capture_output=True, text=True, timeout=30, check=False, errors="replace"
        )
    except FileNotFoundError:
        raise NoNetwork("There is no `unshare` here: this needs Linux with util-linux.") from None
    if done.returncode == 0:
        return prefix
    said = (done.stderr.strip() or f"exit code {done.returncode}").splitlines()[-1]
    raise NoNetwork(
        f"Namespaces for machines of our own cannot be made ({said}): be root, or have the kernel let anybody make "
        "user namespaces; and install iproute2."
    )


def command(*words: str) -> None:
    """Execute a command; raises RuntimeError with what it said."""
    done = subprocess.run(words, capture_output=True, text=True, timeout=30, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip()}")


class Machine:
    """Entered, it has a name, an address, processes and a link of its own; `place` is where to start processes."""

    def __init__(self, name: str, number: int) -> None:
        self.name = name
        self.ip = f"10.77.0.{10 + number}"
        self._port = f"port{number}"
        self._template = Template([*MACHINE, "sh", "-c", f'hostname {name} && exec "$0" "$@"'])

    @property
    def place(self) -> Place:
        """Return where processes of this machine run."""
        return Place(self._template, self.ip)

    def __enter__(self) -> Self:
        self._template.__enter__()
        self._wait_unshared()
        command("ip", "link", "add", self._port, "type", "veth", "peer", "name", "eth0", "netns", self._pid)
        command("ip", "link", "set", self._port, "master", BRIDGE, "up")
        self._inside("ip", "address", "add", f"{self.ip}/24", "dev", "eth0")
        for name in ("lo", "eth0"):
            self._inside("ip", "link", "set", name, "up")
        return self

    def __exit__(self, *_: object) -> None:
        self._template.__exit__()

    def unplug(self) -> None:
        """Pull its cable: the machine itself sees that the link is down."""
        command("ip", "link", "set", self._port, "down")

    def silence(self) -> None:
        """Have all that comes and goes vanish; the link looks as if nothing were wrong."""
        command("bridge", "link", "set", "dev", self._port, "state", DISABLED)

    def lose(self, ip: str) -> None:
        """Have all that it sends to one address vanish."""
        self._inside("ip", "neighbour", "replace", ip, "lladdr", NOWHERE, "dev", "eth0", "nud", "permanent")

    def heal(self) -> None:
        """Have its network work again."""
        command("ip", "link", "set", self._port, "up")
        command("bridge", "link", "set", "dev", self._port, "state", FORWARDING)
        self._inside("ip", "neighbour", "flush", "dev", "eth0", "nud", "permanent")

    @property
    def _pid(self) -> str:
        return str(self._template.pid)

    def _inside(self, *words: str) -> None:
        command("nsenter", "--target", self._pid, "--net", *words)

    def _wait_unshared(self) -> None:
        deadline = time.monotonic() + UNSHARED_SECONDS
        ours = Path("/proc/self/ns/net").readlink()
        while Path(f"/proc/{self._pid}/ns/net").readlink() == ours:
            if time.monotonic() > deadline:
                raise RuntimeError(f"The machine {self.name} does not come up.")
            time.sleep(0.01)


class Network:
    """Entered within an `enclosure`, it is a bridge with `machines`; we are beside them, at OUTSIDE and DATABASE."""

    def __init__(self, names: Sequence[str]) -> None:
        self.machines = [Machine(name, number) for number, name in enumerate(names, start=1)]
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        command("ip", "link", "set", "lo", "up")
        command("ip", "link", "add", BRIDGE, "type", "bridge")
        for ip in (OUTSIDE, DATABASE):
            command("ip", "address", "add", f"{ip}/24", "dev", BRIDGE)
        command("ip", "link", "set", BRIDGE, "up")
        with ExitStack() as stack:
            for machine in self.machines:
                stack.enter_context(machine)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def is_enclosed() -> bool:
    """Tell whether this process is in a network that has nothing but a loopback yet."""
    return [name for _, name in socket.if_nameindex()] == ["lo"]
