"""Config: what an op can be told for one run, and what a run is told."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from vedette.authoring.environment import as_names
from vedette.authoring.models import ReferencingModel, plain_fields
from vedette.authoring.text import shown
from vedette.errors import InvalidConfig


class Config(ReferencingModel):
    """Base of the config of an op: subclass it, annotate fields, and take it as the op's parameter `config`.

    Unknown fields are refused; values are immutable. A text, number or bool may be given as an EnvVar.
    """


class PermissiveConfig(Config):
    """Config that takes fields it does not know, as they are."""

    model_config = ConfigDict(extra="allow", frozen=True)


class RunConfig:
    """The config of a run: `RunConfig(ops={"process": ProcessConfig(path="a.csv")}, resources={"api": …})`.

    A value is a Config, or the plain mapping of its fields; for a resource also a resource with the fields that are to
    be its own in this run. Raises InvalidConfig for anything else.
    """

    __slots__ = ("ops", "resources")

    def __init__(
        self,
        ops: Mapping[str, BaseModel | Mapping[str, Any]] | None = None,
        resources: Mapping[str, BaseModel | Mapping[str, Any]] | None = None,
        loggers: Mapping[str, Any] | None = None,
        execution: Mapping[str, Any] | None = None,
    ) -> None:
        """Take the config of each op under the op's name in the job, of each resource under its key."""
        _refuse({"loggers": loggers, "execution": execution})
        self.ops = _by_name("ops", ops)
        self.resources = _by_name("resources", resources)

    def to_dict(self) -> dict[str, Any]:
        """Return the plain shape: `{"ops": {name: {"config": {...}}}, "resources": …}`, without what is empty."""
        parts = {"ops": ("op", self.ops), "resources": ("resource", self.resources)}
        return {
            part: {name: {"config": _plain(noun, name, value)} for name, value in given.items()}
            for part, (noun, given) in parts.items()
            if given
        }

    def to_config_dict(self) -> dict[str, Any]:
        """Return the plain shape."""
        return self.to_dict()

    def __eq__(self, other: object) -> bool:
        """Tell whether both say the same."""
        return isinstance(other, RunConfig) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        """Hash by the ops and resources that are named."""
        return hash((frozenset(self.ops), frozenset(self.resources)))

    def __repr__(self) -> str:
        """Show the ops, and the resources if there are any."""
        resources = f", resources={self.resources!r}" if self.resources else ""
        return f"RunConfig(ops={self.ops!r}{resources})"


def _refuse(given: Mapping[str, object]) -> None:
    remedies = {
        "loggers": "lines of all levels are kept with the run, so filter when you read them",
        "execution": "each run has a process of its own, and settings say how many there are",
    }
    for name, value in given.items():
        if value:
            raise InvalidConfig(f"A RunConfig has no {name}= here: {remedies[name]}. Leave it out.")


def _by_name(part: str, given: object) -> dict[str, Any]:
    if given is not None and not isinstance(given, Mapping):
        noun = part.removesuffix("s")
        raise InvalidConfig(f"{part} of a RunConfig is a mapping of {noun} name to its config, not {shown(given)}.")
    return dict(given or {})


def run_config_dict(run_config: RunConfig | Mapping[str, Any] | None) -> dict[str, Any]:
    """Return any spelling of a run config as a dict, EnvVars by name; raises InvalidConfig for another type."""
    if run_config is None:
        return {}
    if isinstance(run_config, RunConfig):
        return run_config.to_dict()
    if isinstance(run_config, Mapping):
        return {key: as_names(value) for key, value in run_config.items()}
    raise InvalidConfig(f"A run config is a RunConfig or a mapping, not {shown(run_config)}.")


def _plain(noun: str, name: str, value: object) -> object:
    try:
        if isinstance(value, BaseModel) and not isinstance(value, ReferencingModel):
            return plain_fields(value)
        return as_names(value)
    except Exception as error:
        raise InvalidConfig(f'The config of {noun} "{name}" cannot be written as JSON: {error}.') from error
