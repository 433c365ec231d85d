"""The command line of a child process: the server writes it, the child reads it."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

from vedette.hosts.child.frames import ChildKind


@dataclass(frozen=True, slots=True)
class ChildOptions:
    """What a child process is told at its start.

    `fd` is its end of the socket pair, `parent` the server's process id; memory is MiB of data that a host or a run
    may take, `threads` the sync evaluations at a time of a host. `kind` is what a spawned child becomes.
    `storage` is the folder that values of assets are kept in; it is handed on in the environment.
    """

    fd: int
    parent: int
    target: str
    memory_mb: int
    threads: int
    bytecode: bool
    kind: ChildKind | None = None
    storage: str = ""

    def arguments(self) -> list[str]:
        """Return the command line's words."""
        words = {"fd": self.fd, "parent": self.parent, "target": self.target}
        words |= {"memory-mb": self.memory_mb, "threads": self.threads, "bytecode": int(self.bytecode)}
        if self.kind is not None:
            words["kind"] = self.kind.value
        return [f"--{name}={value}" for name, value in words.items()]


def parse(arguments: Sequence[str]) -> ChildOptions:
    """Read what `arguments` wrote."""
    parser = argparse.ArgumentParser()
    for name in ("fd", "parent", "memory-mb", "threads", "bytecode"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--target", required=True)
    parser.add_argument("--kind", type=ChildKind, choices=list(ChildKind))
    read = parser.parse_args(arguments)
    return ChildOptions(read.fd, read.parent, read.target, read.memory_mb, read.threads, bool(read.bytecode), read.kind)
