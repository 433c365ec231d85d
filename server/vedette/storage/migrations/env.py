"""What Alembic runs for every command: on the connection, and inside the transaction, that it is given."""

from alembic import context

from vedette.storage.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
