"""What a run asks of its engine: as its job says, and its tags, which go before it."""

from dataclasses import dataclass, field
from typing import Any

from vedette.domain.catalog import Catalog
from vedette.domain.compute import ComputeSpec, InvalidCompute, tagged_compute
from vedette.domain.logs import ErrorInfo
from vedette.domain.runs import RunInstruction
from vedette.launcher.engines.contract import RunRefused


@dataclass(frozen=True, slots=True)
class Demands:
    """What a run needs, and options by engine."""

    compute: ComputeSpec = field(default_factory=ComputeSpec)
    options: dict[str, dict[str, Any]] = field(default_factory=dict)


def demands_of(catalog: Catalog, instruction: RunInstruction) -> Demands:
    """Return what a run asks for; a job that there is no more asks for nothing. Raises RunRefused."""
    try:
        tagged = tagged_compute(instruction.tags)
    except InvalidCompute as error:
        message = f"A tag of the run asks for what cannot be: {error}"
        raise RunRefused(ErrorInfo("InvalidCompute", message)) from None
    job = next((job for job in catalog.jobs if job.name == instruction.job_name), None)
    return Demands(tagged) if job is None else Demands(tagged.over(job.compute), job.engine_options)


def unsatisfiable(wanted: ComputeSpec, there_is: ComputeSpec, where: str, remedy: str) -> RunRefused:
    """Return the refusal of a run that asks for more than there will ever be."""
    message = f"The run asks for {wanted}, and {where} has {there_is}. {remedy}"
    return RunRefused(ErrorInfo("ComputeUnavailable", message))
