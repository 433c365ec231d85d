"""Ticks: asked for, decided, recorded, listed."""
