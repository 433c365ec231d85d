"""Alembic's environment and the versions of the schema, in one line of numbers."""
