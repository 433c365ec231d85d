"""Instances in the author's own process: the database of the settings, or an empty one for a test."""
