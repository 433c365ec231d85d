"""Decides when sensors are evaluated: due queue, leases, and the recorder that commits ticks in groups."""
