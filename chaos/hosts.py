"""`python -m chaos.hosts`: two machines and a Postgres on addresses of their own; one is cut off, and healed.

Exit code 1 if anything shows, 2 where no network can be made. See `chaos.network` for what it needs.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from anyio.from_thread import start_blocking_portal

from chaos.network import DATABASE, NETS, Machine, Network, NoNetwork, enclosure
from chaos.partition import CUTS, Partition
from chaos.trial import Trial
from vedette.storage.embedded.postgres import EmbeddedPostgres
from vedette.storage.migrations.migrating import migrate

INSIDE = "--inside"
URL = f"postgresql://vedette@{DATABASE}:5432/postgres?sslmode=disable"
RULES = f"local all all trust\nhost all all {NETS} trust\n"
# Servers listen beyond their machine, and may take longer for an operation than a connection is tried for.
SETTINGS = {"VEDETTE_INSECURE": "1", "VEDETTE_EXECUTION_SECONDS": "15"}
# While one is cut off nobody can end its ticks; their successors do so after the lease.
STARTED_SECONDS = 20.0


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def read_arguments() -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m chaos.hosts", description=__doc__)
    parser.add_argument("--cuts", nargs="+", choices=list(CUTS), default=list(CUTS), help="what to cut (default: all)")
    parser.add_argument("--seconds", type=float, default=15.0, help="for how long (default: 15; the lease is 2)")
    parser.add_argument("--keep", type=Path, default=None, help="a new folder for logs, kept; default: removed")
    parser.add_argument(INSIDE, action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def try_all(folder: Path, url: str, machines: Sequence[Machine], arguments: argparse.Namespace) -> int:
    """Cut and heal, one way after the other; return the exit code."""
    code = 0
    cut_off, other = machines
    places = [machine.place for machine in machines]
    with Trial(folder, url, serves=places, through=URL, started_seconds=STARTED_SECONDS, settings=SETTINGS) as trial:
        for place in places:
            trial.start("evaluate", "launch", place=place)
        for name in arguments.cuts:
            findings = Partition(trial, folder, cut_off, other, name, arguments.seconds).run()
            say(f"{name}: {findings}")
            for problem in findings.problems:
                say(f"WRONG: {problem}")
            code |= bool(findings.problems)
    say("FAILED" if code else "passed")
    return code


def inside(arguments: argparse.Namespace) -> int:
    """Build the network and a Postgres in it, and try."""
    with tempfile.TemporaryDirectory(prefix="vedette-hosts-", ignore_cleanup_errors=True) as temporary:
        folder = arguments.keep or Path(temporary) / "trial"
        folder.mkdir()
        rules = Path(temporary) / "pg_hba.conf"
        rules.write_text(RULES)
        for path, mode in ((rules, 0o644), (Path(temporary), 0o755)):
            path.chmod(mode)
        options = {"max_connections": "200", "listen_addresses": DATABASE, "hba_file": str(rules)}
        with (
            Network(["one", "two"]) as network,
            start_blocking_portal() as portal,
            portal.wrap_async_context_manager(EmbeddedPostgres(Path(temporary) / "home", options)) as postgres,
        ):
            portal.call(migrate, postgres.url)
            return try_all(folder, postgres.url, network.machines, arguments)


def main() -> None:
    """Run it in a network of its own."""
    arguments = read_arguments()
    if arguments.inside:
        sys.exit(inside(arguments))
    try:
        prefix = enclosure()
    except NoNetwork as error:
        say(str(error))
        sys.exit(2)
    os.execvp(prefix[0], [*prefix, sys.executable, "-m", "chaos.hosts", *sys.argv[1:], INSIDE])


if __name__ == "__main__":
    main()
