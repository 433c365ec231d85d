"""A child process that imports the project itself: the stand-in where forking is unsafe.

It costs what the import costs; otherwise it is the same host or run over the same frames.
"""

import socket
import sys

from vedette.hosts.child.becoming import become
from vedette.hosts.child.loading import import_project
from vedette.hosts.child.options import parse
from vedette.hosts.child.process import die_with


def main() -> None:
    """Import the project and serve the socket as the command line says."""
    options = parse(sys.argv[1:])
    die_with(options.parent)
    connection = socket.socket(fileno=options.fd)
    definitions = import_project(options.target, write_bytecode=options.bytecode)
    if options.kind is not None:
        become(options.kind, connection, definitions, options)


if __name__ == "__main__":
    main()
