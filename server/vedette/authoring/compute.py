"""What a job says of the machines that its runs are to execute on."""

from collections.abc import Mapping
from typing import Any

from vedette.authoring.run_configs import checked_json
from vedette.authoring.text import shown
from vedette.domain.compute import ComputeSpec, InvalidCompute, compute_spec
from vedette.errors import DefinitionError, InvalidConfig

ENGINES_WITH_OPTIONS = ("dask", "ray")


class Compute:
    """What each run of a job needs: processors (0.5 is half of one), graphics processors, and memory.

    `memory` is in bytes or a text such as "4GB" or "512MiB". What is left out is whatever there is.
    """

    def __init__(self, *, cpu: float | None = None, gpu: float | None = None, memory: str | int | None = None) -> None:
        """Raise DefinitionError for an amount that there cannot be."""
        try:
            self.spec = compute_spec(cpu, gpu, memory)
        except InvalidCompute as error:
            raise DefinitionError(str(error)) from None

    def __repr__(self) -> str:
        """Show what is asked for."""
        return f"Compute({self.spec})"


def checked_compute(owner: str, compute: object) -> ComputeSpec:
    """Return what is asked for; raises DefinitionError that names whose it is."""
    if compute is None:
        return ComputeSpec()
    if not isinstance(compute, Compute):
        raise DefinitionError(f"compute of {owner} is a Compute(cpu=…, gpu=…, memory=…), not {shown(compute)}.")
    return compute.spec


def checked_engine_options(owner: str, options: object) -> dict[str, dict[str, Any]]:
    """Return options by the engine that they are for; raises DefinitionError."""
    if options is None:
        return {}
    engines = " and ".join(ENGINES_WITH_OPTIONS)
    if not isinstance(options, Mapping) or not all(isinstance(one, Mapping) for one in options.values()):
        raise DefinitionError(
            f"engine_options of {owner} are options by engine ({engines}), as in "
            f"{{'ray': {{'scheduling_strategy': 'SPREAD'}}}}, not {shown(options)}."
        )
    for engine in options:
        if engine not in ENGINES_WITH_OPTIONS:
            raise DefinitionError(f"engine_options of {owner} are for {engines}; there are none for {shown(engine)}.")
    try:
        return checked_json({str(name): dict(one) for name, one in options.items()})
    except InvalidConfig as error:
        raise DefinitionError(f"engine_options of {owner} are wrong: {error}") from None
