"""Sensors: how they stand, their cursors and run keys, and what is done with them."""
