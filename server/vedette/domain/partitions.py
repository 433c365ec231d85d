"""Partitions: the parts that the work of a job is divided into."""

from enum import StrEnum


class PartitionChangeKind(StrEnum):
    """What became of partitions."""

    ADD = "ADD"
    DELETE = "DELETE"
