"""SQLAlchemy's dialect for Postgres by asyncpg, but for how a lost connection is let go of."""

from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.engine.interfaces import DBAPIConnection

# What URLs of engines begin with.
URL = "postgresql+vedette://"
registry.register("postgresql.vedette", __name__, "Dialect")


class Dialect(PGDialect_asyncpg):
    """Lets go of a lost connection at once.

    SQLAlchemy asks the server to end it, and waits. Where that was met at a checkout, a cancellation meanwhile left the
    place in the pool taken until Python collected garbage (`_ConnectionFairy._checkout` of SQLAlchemy 2.1).
    """

    supports_statement_cache = True

    def do_terminate(self, dbapi_connection: DBAPIConnection) -> None:
        """End a connection that is not to be used again, without waiting for anything."""
        dbapi_connection.driver_connection.terminate()
