"""Runs: launched, shown and followed; the queue and its limits; run keys."""
