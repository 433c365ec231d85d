"""The zygote: imports a project once and forks its evaluation hosts and runs, warm, in milliseconds.

It stays single-threaded, without an event loop and without a connection but the one to the server: forking copies one
thread only, and whatever another thread held at that moment would stay locked for ever in the child. So where the
project has started threads, and off Linux, it starts new interpreters instead, which import the project again.
"""

import gc
import os
import select
import signal
import socket
import sys
import threading
from collections import deque
from dataclasses import replace
from typing import NoReturn

import msgspec

from vedette.authoring.definitions import Definitions
from vedette.execution.errors import describe
from vedette.hosts.child.becoming import become
from vedette.hosts.child.frames import Exited, Fork, Forked, FromZygote, Loaded, LoadFailed, Signal, ToZygote
from vedette.hosts.child.framing import READ_BYTES, FrameReader, encode
from vedette.hosts.child.loading import digest_of, import_project, project_files
from vedette.hosts.child.options import ChildOptions, parse
from vedette.hosts.child.process import die_with, handle_signal, signal_group, thread_count

MOST_SOCKETS = 64
CANNOT_FORK = 71


def main() -> None:
    """Import the project, tell how that went, and fork on demand until the server is gone."""
    options = parse(sys.argv[1:])
    die_with(options.parent)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # a TextIOWrapper at the start
    control = socket.socket(fileno=options.fd)
    definitions = _load(control, options.target, write_bytecode=options.bytecode)
    if definitions is not None:
        Zygote(control, definitions, options).serve()
    sys.stdout.flush()
    sys.stderr.flush()
    # At once: a thread that the project has started would keep this process for ever.
    os._exit(0)


def _load(control: socket.socket, target: str, *, write_bytecode: bool) -> Definitions | None:
    """Import; answer Loaded or LoadFailed. Return the definitions if that went well."""
    try:
        definitions = import_project(target, write_bytecode=write_bytecode)
        catalog = definitions.catalog()
    except BaseException as error:
        control.sendall(encode(LoadFailed(describe(error), project_files(target, error))))
        return None
    files = project_files(target)
    catalog = msgspec.structs.replace(catalog, code=digest_of(files))
    control.sendall(encode(Loaded(catalog, _forkable(), files)))
    return definitions


def _forkable() -> bool:
    return sys.platform == "linux" and threading.active_count() == 1 and thread_count() == 1


class Zygote:
    """Makes, signals and reaps children as the server says: forks of itself, or new processes where it has threads."""

    def __init__(self, control: socket.socket, definitions: Definitions, options: ChildOptions) -> None:
        self._control = control
        self._definitions = definitions
        self._options = options
        self._reader = FrameReader(msgspec.msgpack.Decoder(ToZygote))
        self._forkable = _forkable()
        self._sockets: deque[int] = deque()
        self._tokens: dict[int, int] = {}
        self._ended = False
        self._wake, self._wake_sink = os.pipe()

    def serve(self) -> None:
        """Serve until the server is gone, then end all children and what they started."""
        # What is there now stays for ever: unmoved by the collector, its pages stay shared with the children.
        gc.collect()
        gc.freeze()
        self._handle_signals()
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        poll.register(self._wake, select.POLLIN)
        while not self._ended:
            ready = {fd for fd, _ in poll.poll()}
            if self._wake in ready:
                os.read(self._wake, READ_BYTES)
                self._reap()
            if self._control.fileno() in ready:
                self._receive()
        for pid in self._tokens:
            signal_group(pid, signal.SIGKILL)
        os._exit(0)

    def _handle_signals(self) -> None:
        os.set_blocking(self._wake_sink, False)
        signal.set_wakeup_fd(self._wake_sink, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, self._end)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        # From here on user code does not run in this process: it can be trusted to end its children before itself.
        die_with(os.getppid(), signal.SIGTERM)

    def _end(self, *_: object) -> None:
        self._ended = True

    def _receive(self) -> None:
        try:
            data, sockets, _, _ = socket.recv_fds(self._control, READ_BYTES, MOST_SOCKETS)
        except ConnectionError:
            data, sockets = b"", []
        self._sockets.extend(sockets)
        if not data:
            self._end()
        for frame in self._reader.feed(data):
            if isinstance(frame, Fork):
                self._make(frame)
            else:
                self._signal(frame)

    def _make(self, order: Fork) -> None:
        connection = self._sockets.popleft()
        try:
            pid = self._fork(order, connection) if self._forkable else self._spawn(order, connection)
        except OSError:
            self._send(Exited(order.token, code=CANNOT_FORK))
            return
        finally:
            os.close(connection)
        self._tokens[pid] = order.token
        self._send(Forked(order.token, pid))

    def _fork(self, order: Fork, connection: int) -> int:
        parent = os.getpid()
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            self._become(order, connection, parent)
        return pid

    def _spawn(self, order: Fork, connection: int) -> int:
        """Start an interpreter that imports the project again, the same child but for the time that this takes."""
        options = replace(self._options, fd=connection, parent=os.getpid(), kind=order.kind)
        os.set_inheritable(connection, True)
        words = [sys.executable, "-P", "-m", "vedette.hosts.child.spawned", *options.arguments()]
        defaults = [signal.SIGINT, signal.SIGTERM, signal.SIGCHLD]
        return os.posix_spawn(sys.executable, words, os.environ, setsid=True, setsigdef=defaults)

    def _become(self, order: Fork, connection: int, parent: int) -> NoReturn:
        die_with(parent)
        signal.set_wakeup_fd(-1)
        handle_signal(signal.SIGINT, signal.default_int_handler)
        os.close(self._wake)
        os.close(self._wake_sink)
        self._control.close()
        for other in self._sockets:
            os.close(other)
        become(order.kind, socket.socket(fileno=connection), self._definitions, self._options)

    def _signal(self, order: Signal) -> None:
        for pid, token in self._tokens.items():
            if token == order.token:
                signal_group(pid, order.number)

    def _reap(self) -> None:
        for pid in list(self._tokens):
            # Looked at before it is reaped: until then nobody else can get its number.
            ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if ended is None:
                continue
            by_itself = ended.si_code == os.CLD_EXITED
            # What it started ends with it; what is to live on takes a session of its own.
            signal_group(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            token = self._tokens.pop(pid)
            status = ended.si_status
            self._send(Exited(token, code=status) if by_itself else Exited(token, signal=status))

    def _send(self, frame: FromZygote) -> None:
        try:
            self._control.sendall(encode(frame))
        except OSError:
            self._end()


if __name__ == "__main__":
    main()
