"""Partitions: what the work of a job or an asset is divided into, how they map, config by them."""
