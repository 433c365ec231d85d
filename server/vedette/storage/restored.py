"""A database that was restored from a backup goes on where the backup ends. What the original did since is not there.

A subscriber may have seen more of the original than the copy has: resumed in the copy, it would take other changes for
those that it has seen. So a copy leaves out a stretch of each stream, longer than any original can have filled, and
calls it gone: who resumes from before is told everything and then the gap, who resumes from within it the gap.
"""

from vedette.storage.connecting import connect

LEFT_OUT = 10**12

# The cluster and the database in it; a dump carries neither.
_HOME = """(SELECT CAST(system_identifier AS text) FROM pg_control_system()) || '/' ||
    (SELECT CAST(oid AS text) FROM pg_database WHERE datname = current_database())"""
_FOREIGN = f"SELECT count(*) FROM streams WHERE home IS DISTINCT FROM {_HOME}"
# Once, however many processes start at once: the second finds the rows changed.
_SETTLE = f"""
    WITH foreign_streams AS (
        SELECT name, home FROM streams WHERE home IS DISTINCT FROM {_HOME} ORDER BY name FOR UPDATE
    )
    UPDATE streams SET home = {_HOME},
        position = position + CASE WHEN foreign_streams.home IS NULL THEN 0 ELSE {LEFT_OUT} END,
        purged = CASE WHEN foreign_streams.home IS NULL THEN purged ELSE position + {LEFT_OUT} END
    FROM foreign_streams WHERE streams.name = foreign_streams.name AND streams.home IS DISTINCT FROM {_HOME}
    RETURNING foreign_streams.home IS NOT NULL AS restored
"""


async def settle(url: str) -> bool:
    """Have the streams of a restored database leave out what its original may have told; True if it was restored."""
    connection = await connect(url)
    try:
        if not await connection.fetchval(_FOREIGN):
            return False
        return any(row["restored"] for row in await connection.fetch(_SETTLE))
    finally:
        await connection.close()
