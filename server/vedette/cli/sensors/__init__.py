"""Sensors: listed, shown, started, stopped and previewed; their cursors."""
