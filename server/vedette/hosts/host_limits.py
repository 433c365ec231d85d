"""The limits of hosts, from the settings."""

from dataclasses import dataclass
from typing import Self

from vedette.settings import Settings


@dataclass(frozen=True, slots=True)
class HostLimits:
    """Evaluations at a time in a host, shared hosts of a location, MiB of a host, seconds without a sign of life."""

    evaluations: int
    hosts: int
    memory_mb: int
    stall_seconds: float

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Take them from the settings."""
        return cls(
            settings.evaluations_per_host,
            settings.hosts_per_location,
            settings.host_memory_mb,
            settings.host_stall_seconds,
        )
