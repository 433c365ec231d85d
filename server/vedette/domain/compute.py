"""What a run needs of the machine that it executes on, and how that is written."""

import math
import re
from collections.abc import Mapping
from typing import Any

import msgspec

CPU_TAG = "vedette/cpu"
GPU_TAG = "vedette/gpu"
MEMORY_TAG = "vedette/memory"

# A process below this cannot even import a project.
LEAST_MEMORY_BYTES = 64 * 2**20

_MEMORY = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]i?)?B?", re.IGNORECASE)
_FACTORS = {"": 1} | {
    unit + binary: (1024 if binary else 1000) ** power
    for power, unit in enumerate("KMGT", start=1)
    for binary in ("", "I")
}


class InvalidCompute(ValueError):
    """What a run is said to need is no such thing; the text is a whole sentence."""


class ComputeSpec(msgspec.Struct, frozen=True):
    """Processors (a share of one is 0.5), graphics processors, bytes of memory; None: whatever there is."""

    cpu: float | None = None
    gpu: float | None = None
    memory_bytes: int | None = None

    @property
    def memory_mb(self) -> int | None:
        """Return the memory in whole MiB."""
        return None if self.memory_bytes is None else self.memory_bytes // 2**20

    def over(self, other: "ComputeSpec") -> "ComputeSpec":
        """Return this, and of `other` what it leaves open."""
        return ComputeSpec(
            other.cpu if self.cpu is None else self.cpu,
            other.gpu if self.gpu is None else self.gpu,
            other.memory_bytes if self.memory_bytes is None else self.memory_bytes,
        )

    def __str__(self) -> str:
        """Show what is asked for, as in `cpu=2, memory=4.0 GiB`."""
        asked = [f"{name}={value:g}" for name, value in (("cpu", self.cpu), ("gpu", self.gpu)) if value is not None]
        if self.memory_bytes is not None:
            asked.append(f"memory={self.memory_bytes / 2**30:.3g} GiB")
        return ", ".join(asked) or "nothing in particular"


def compute_spec(cpu: Any = None, gpu: Any = None, memory: Any = None) -> ComputeSpec:
    """Return what is asked for; memory is in bytes or a text such as "4GB" or "512 MiB". Raises InvalidCompute."""
    return ComputeSpec(_number("cpu", cpu), _number("gpu", gpu), _bytes(memory))


def tagged_compute(tags: Mapping[str, str]) -> ComputeSpec:
    """Return what the tags of a run ask for. Raises InvalidCompute."""
    return compute_spec(tags.get(CPU_TAG), tags.get(GPU_TAG), tags.get(MEMORY_TAG))


def _number(name: str, value: object) -> float | None:
    if value is None:
        return None
    try:
        number = math.nan if isinstance(value, bool) else float(value)  # type: ignore[arg-type]  # anything else raises
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number) or number < 0 or (name == "cpu" and number == 0):
        least = "above 0" if name == "cpu" else "of 0 or more"
        raise InvalidCompute(f"{name} is a number {least}, such as 2 or 0.5, not {value!r}.")
    return number


def _bytes(value: object) -> int | None:
    if value is None:
        return None
    found = _MEMORY.fullmatch(str(value).strip()) if isinstance(value, int | str) else None
    if found is None or isinstance(value, bool):
        raise InvalidCompute(f"memory is a number of bytes, or a text such as '4GB' or '512MiB', not {value!r}.")
    size = int(float(found[1]) * _FACTORS[(found[2] or "").upper()])
    if size < LEAST_MEMORY_BYTES:
        raise InvalidCompute(f"memory is 64 MiB at least, which a process takes to begin; {value!r} is less.")
    return size
