"""What a new child process does first, and how it becomes an evaluation host, a waiter or a run."""

import os
import signal
import socket
import sys
import traceback
from typing import NoReturn

from vedette.authoring.definitions import Definitions
from vedette.hosts.child import host, run, waiting
from vedette.hosts.child.frames import ChildKind
from vedette.hosts.child.options import ChildOptions
from vedette.hosts.child.process import DEFAULT, handle_signal, lead_own_session, limit_memory, prefer_as_victim

CRASHED = 70


def become(kind: ChildKind, connection: socket.socket, definitions: Definitions, options: ChildOptions) -> NoReturn:
    """Serve `connection` as a child of `kind` until that ends, and end this process with it."""
    code = CRASHED
    try:
        handle_signal(signal.SIGTERM, DEFAULT)
        handle_signal(signal.SIGCHLD, DEFAULT)
        lead_own_session()
        prefer_as_victim()
        limit_memory(options.memory_mb)
        if kind is ChildKind.HOST:
            host.serve(connection, definitions, options.threads)
        elif kind is ChildKind.WAITER:
            waiting.serve(connection, definitions)
        else:
            run.execute(connection, definitions)
            code = 0
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else CRASHED
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
