"""Ticks: listed, shown and followed."""
