"""Runs: asked for, queued, claimed, written about, listed."""
