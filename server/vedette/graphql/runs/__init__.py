"""Runs: asked for, executed, waiting and over time."""
