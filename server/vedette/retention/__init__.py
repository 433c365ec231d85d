"""Keeps history within bounds: partitions are made ahead of their time and dropped after it."""
