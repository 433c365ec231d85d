"""Sensors: how each stands, its cursor, when it is due."""
