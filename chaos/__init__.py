"""Chaos: many of each process over one Postgres, killed at random, and an independent count of what came of it."""
