"""The embedded Postgres, for who has no server of their own."""
