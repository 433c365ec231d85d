"""The database: that it is one, safe, ours to work in, and of this version."""

from collections.abc import AsyncIterator, Iterator

from vedette.diagnosis.findings import Finding, ok, problem, warning
from vedette.errors import DatabaseError, DatabaseOutdated
from vedette.settings import redacted
from vedette.storage import examining
from vedette.storage.examining import Rights, Server
from vedette.storage.migrations import migrating

CLOCKS_SECONDS = 1.0
FAR_SECONDS = 0.05
FEW_CONNECTIONS_SHARE = 0.8
MIB = 2**20


async def findings(url: str) -> AsyncIterator[Finding]:
    """Look at the database; what cannot be seen without what came before is left out."""
    try:
        server = await examining.server(url)
    except DatabaseOutdated as error:
        yield problem("database", str(error), "Move to a newer Postgres; `pg_upgrade` keeps the data.")
        return
    except DatabaseError as error:
        yield problem("database", str(error), "Start it, or set VEDETTE_DATABASE_URL.")
        return
    for finding in of_server(url, server):
        yield finding
    if not await examining.hears_itself(url):
        yield problem(
            "notifications",
            "What one connection notifies, another does not hear.",
            "Connect to Postgres itself, or to a pooler in session mode: work is only found every poll_seconds so.",
        )
    try:
        await migrating.check(url)
    except DatabaseOutdated as error:
        yield problem("migrations", str(error), "Run `vedette migrate`.")
        return
    yield ok("migrations", f"The tables are those of version {migrating.newest()}.")
    for finding in of_rights(server.role, await examining.rights(url)):
        yield finding


def of_server(url: str, server: Server) -> Iterator[Finding]:
    """Judge what the server says of itself."""
    where = f"PostgreSQL {server.version} at {redacted(url)}, {server.size_bytes / MIB:.0f} MiB"
    if server.is_standby:
        yield problem("database", f"{where}, is a standby, which only reads.", "Connect to the primary.")
    else:
        yield ok("database", f"{where}.")
    if server.unsafe:
        names = " and ".join(server.unsafe)
        yield problem(
            "durability", f"{names} is off: a crash of the machine loses or breaks data.", f"Turn {names} on."
        )
    yield _connections(server)
    yield _clock(server)
    if server.round_trip > FAR_SECONDS:
        yield warning(
            "latency",
            f"A round trip to the database takes {1000 * server.round_trip:.0f} ms.",
            "Bring the processes nearer to it: each tick waits for some of them.",
        )


def _connections(server: Server) -> Finding:
    said = f"{server.connections_used} of {server.connections} connections are used"
    if server.connections_used > FEW_CONNECTIONS_SHARE * server.connections:
        return warning("connections", f"{said}.", "Raise max_connections of Postgres, or start fewer processes.")
    return ok("connections", f"{said}.")


def _clock(server: Server) -> Finding:
    ahead = server.clock_ahead
    which = "ahead of" if ahead > 0 else "behind"
    if abs(ahead) > CLOCKS_SECONDS + server.round_trip / 2:
        return warning(
            "clock",
            f"The database's clock is {abs(ahead):.1f} s {which} this machine's.",
            "Let NTP set both. Due times go by the database's; logs of this machine and its runs go by its own.",
        )
    return ok("clock", "The clocks of this machine and of the database agree.")


def of_rights(role: str, rights: Rights) -> Iterator[Finding]:
    """Judge what the role may do."""
    if rights.denied:
        yield problem(
            "permissions",
            f"The role {role!r} may not read or write {_listed(rights.denied)}.",
            f"As their owner: GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}.",
        )
    if rights.foreign or not rights.may_create:
        what = "make tables here" if not rights.may_create else f"make or drop partitions of {_listed(rights.foreign)}"
        yield problem(
            "permissions",
            f"The role {role!r} cannot {what}: history is neither divided nor dropped.",
            f"Connect as the owner of the tables, or GRANT that role TO {role}, and CREATE ON SCHEMA public.",
        )
    if not (rights.denied or rights.foreign) and rights.may_create:
        yield ok("permissions", f"The role {role!r} may do all that is to be done.")


def _listed(names: list[str], most: int = 3) -> str:
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest
