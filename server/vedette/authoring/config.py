"""Config: what an op can be told for one run, and what a run is told."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from vedette.authoring.text import shown
from vedette.errors import InvalidConfig


class Config(BaseModel):
    """Base of the config of an op: subclass it, annotate fields, and take it as the op's parameter `config`.

    Unknown fields are refused; values are immutable.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)


class RunConfig:
    """The config of a run, op by op: `RunConfig(ops={"process": ProcessConfig(path="a.csv")})`.

    A value is a Config, or the plain mapping of its fields. Raises InvalidConfig for anything else.
    """

    __slots__ = ("ops",)

    def __init__(self, ops: Mapping[str, BaseModel | Mapping[str, Any]] | None = None) -> None:
        """Take the config of each op under the op's name in the job."""
        if ops is not None and not isinstance(ops, Mapping):
            raise InvalidConfig(f"ops of a RunConfig is a mapping of op name to its config, not {shown(ops)}.")
        self.ops = dict(ops or {})

    def to_dict(self) -> dict[str, Any]:
        """Return the plain shape: `{"ops": {name: {"config": {...}}}}`."""
        if not self.ops:
            return {}
        return {"ops": {name: {"config": _plain(name, value)} for name, value in self.ops.items()}}

    def __eq__(self, other: object) -> bool:
        """Tell whether both say the same."""
        return isinstance(other, RunConfig) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        """Hash by the ops that are named."""
        return hash(frozenset(self.ops))

    def __repr__(self) -> str:
        """Show the ops."""
        return f"RunConfig(ops={self.ops!r})"


def run_config_dict(run_config: RunConfig | Mapping[str, Any] | None) -> dict[str, Any]:
    """Return any spelling of a run config as a dict; raises InvalidConfig for another type."""
    if run_config is None:
        return {}
    if isinstance(run_config, RunConfig):
        return run_config.to_dict()
    if isinstance(run_config, Mapping):
        return dict(run_config)
    raise InvalidConfig(f"A run config is a RunConfig or a mapping, not {shown(run_config)}.")


def _plain(name: str, value: object) -> object:
    if isinstance(value, BaseModel):
        try:
            return value.model_dump(mode="json", by_alias=True)
        except Exception as error:
            raise InvalidConfig(f'The config of op "{name}" cannot be written as JSON: {error}.') from error
    return value
