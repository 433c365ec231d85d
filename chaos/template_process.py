"""The process behind `chaos.template`: imports Vedette once, forks what it is told on stdin, tells of every end.

It has one thread and no loop, so that a fork of it is as good as a start.
"""

import json
import os
import selectors
import signal
import sys
from typing import Any

import vedette.cli.serving
from chaos import clocks
from vedette import cli, faults

NAMES = (cli.__name__, vedette.cli.serving.__name__)


def tell(**facts: int) -> None:
    """Write one line to whoever asked."""
    os.write(1, (json.dumps(facts) + "\n").encode())


def become(order: dict[str, Any]) -> None:
    """Be the command line that was asked for; does not return."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    log = os.open(order["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    silence = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((silence, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    os.environ.update(order["environ"])
    clocks.shift(float(os.environ.get(clocks.VARIABLE, "0")))
    faults.arm(os.environ.get(faults.VARIABLE, ""))
    sys.argv = ["vedette", *order["words"]]
    try:
        cli.main()
    except SystemExit as end:
        sys.stdout.flush()
        os._exit(end.code if isinstance(end.code, int) else end.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        os._exit(1)
    os._exit(0)


def send(order: dict[str, Any], children: set[int]) -> None:
    """Send a signal to a child, unless it has been reaped: then its pid may be another's."""
    if order["pid"] in children:
        os.kill(order["pid"], order["signal"])


def reap(children: set[int]) -> None:
    """Tell of every child that has ended; orphans that we inherit, as the first process of a namespace, go untold."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        if pid in children:
            children.remove(pid)
            tell(pid=pid, code=os.waitstatus_to_exitcode(status))


def main() -> None:
    """Fork and reap until stdin is closed; what is left then is killed."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    selector = selectors.DefaultSelector()
    selector.register(0, selectors.EVENT_READ)
    selector.register(reader, selectors.EVENT_READ)
    pending = b""
    children: set[int] = set()
    while True:
        for key, _ in selector.select():
            data = os.read(key.fd, 65536)
            if key.fd == reader:
                reap(children)
                continue
            if not data:
                return
            *lines, pending = (pending + data).split(b"\n")
            for order in map(json.loads, lines):
                if "signal" in order:
                    send(order, children)
                    continue
                pid = os.fork()
                if pid == 0:
                    become(order)
                children.add(pid)
                tell(pid=pid)


if __name__ == "__main__":
    main()
