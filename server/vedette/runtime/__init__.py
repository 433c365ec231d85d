"""The only composition root: begins with the database, then enters every part in order, and leaves in reverse."""
