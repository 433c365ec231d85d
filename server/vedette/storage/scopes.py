"""What a connection sees that is confined to some code locations (`Database.confined`): conditions on `:confined_to`.

Every list says which of its rows such a connection sees, and every page of it, node and subscription goes by that. So
what lies outside does not exist for whoever is confined: it is on no page, and its id opens nothing.
"""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

# What a connection's execution options hold its code locations under.
OPTION = "vedette_code_locations"

OF_LOCATION = "code_location = ANY(:confined_to)"
OF_SENSOR = """sensor_id IN (
    SELECT scoped.id FROM sensors AS scoped WHERE scoped.code_location = ANY(:confined_to))"""
# Assets have their keys in common: whoever is confined sees those that a code location of theirs makes or names.
OF_ASSET = """key IN (
    SELECT scoped.key FROM asset_definitions AS scoped WHERE scoped.code_location = ANY(:confined_to))"""
# Asked for below something that was itself seen.
AS_ITS_PARENT = None


def confines(connection: AsyncConnection) -> Sequence[str] | None:
    """Return the names of the code locations that a connection is confined to; None: it sees all."""
    assert connection.sync_connection is not None
    found: Sequence[str] | None = connection.sync_connection.get_execution_options().get(OPTION)
    return found
