"""The run config of a job: its shape from the ops' config types, its JSON Schema, and what a given one comes to."""

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic.errors import PydanticUserError

from vedette.authoring.graph import Node
from vedette.authoring.text import as_json, cleaned, shown
from vedette.errors import DefinitionError, InvalidConfig

JSON_SCHEMA = "https://json-schema.org/draft/2020-12/schema"

_STRICT = ConfigDict(extra="forbid", arbitrary_types_allowed=False)
_EMPTY = inspect.Parameter.empty
_SHOWN_ERRORS = 20


class _NoConfig(BaseModel):
    """The entry of an op that takes no config."""

    model_config = _STRICT


class RunConfigShape:
    """The run config that the job `job_name` of these nodes accepts: `{"ops": {name: {"config": …}}}`."""

    def __init__(self, job_name: str, nodes: Iterable[Node]) -> None:
        """Build the model; raises DefinitionError for a config type that cannot be validated."""
        self._job_name = job_name
        self._nodes = list(nodes)
        # Fields have names of our own, and the ops' names as aliases: an op may be called `json` or `_x`.
        self._takes_config = any(node.op.has_config for node in self._nodes)
        self._fields = {node.name: f"op{index}" for index, node in enumerate(self._nodes)}
        members: dict[str, Any] = {}
        self._needs_config = False
        for node in self._nodes:
            model, required = _node_model(job_name, node)
            self._needs_config = self._needs_config or required
            default: dict[str, Any] = {} if required else {"default_factory": model}
            members[self._fields[node.name]] = (model, Field(alias=node.name, **default))
        self._ops = create_model(f"{job_name}_ops", __config__=_STRICT, **members)
        given: dict[str, Any] = {} if self._needs_config else {"default_factory": self._ops}
        self._model = create_model(job_name, __config__=_STRICT, ops=(self._ops, Field(**given)))

    @property
    def needs_config(self) -> bool:
        """Tell whether some op requires config."""
        return self._needs_config

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON Schema (2020-12) of the run config; raises DefinitionError where a type has none."""
        try:
            return {"$schema": JSON_SCHEMA, **self._model.model_json_schema()}
        except PydanticUserError as error:
            raise DefinitionError(f'The config of job "{self._job_name}" has no JSON Schema: {error.message}') from None

    def resolve(self, run_config: Mapping[str, Any]) -> dict[str, Any]:
        """Return the config value of each op that takes one; raises InvalidConfig that names every fault."""
        if not run_config and not self._takes_config:
            return {}
        try:
            accepted = self._model.model_validate(run_config)
        except ValidationError as error:
            raise InvalidConfig(f'Job "{self._job_name}" refuses its run config: {self._faults(error)}.') from None
        except Exception as error:
            raise InvalidConfig(
                f'The run config of job "{self._job_name}" could not be checked: {type(error).__name__}: {error}.'
            ) from error
        ops = getattr(accepted, "ops")  # noqa: B009 (a field of a model made at run time)
        return {node.name: getattr(ops, self._fields[node.name]).config for node in self._nodes if node.op.has_config}

    def _faults(self, error: ValidationError) -> str:
        faults = error.errors(include_url=False, include_context=False)
        texts = [self._fault(fault["loc"], fault["type"], fault["msg"], fault["input"]) for fault in faults]
        if len(texts) > _SHOWN_ERRORS:
            texts[_SHOWN_ERRORS:] = [f"and {len(texts) - _SHOWN_ERRORS} more"]
        return "; ".join(texts)

    def _fault(self, location: tuple[int | str, ...], kind: str, message: str, given: object) -> str:
        path = ".".join(map(str, location)) or "it"
        if kind == "missing":
            return f"{path} is missing"
        if kind == "extra_forbidden" and location[0] == "ops" and len(location) == 2:
            return f"{path} names no op of this job ({', '.join(self._fields) or 'it has none'})"
        if kind == "extra_forbidden":
            return f"{path} is not known here"
        return cleaned(f"{path}: {message} (given {shown(given)})", 400)


def _node_model(job_name: str, node: Node) -> tuple[type[BaseModel], bool]:
    """Return the model of a node's entry, and whether the entry is required."""
    if not node.op.has_config:
        return _NoConfig, False
    kind, default = node.op.function.config_type, node.op.function.config_default
    required = default is _EMPTY and not _has_defaults(kind)
    try:
        if required:
            return create_model(node.name, __config__=_STRICT, config=(kind, ...)), True
        factory = kind if default is _EMPTY else lambda: default
        return create_model(node.name, __config__=_STRICT, config=(kind, Field(default_factory=factory))), False
    except PydanticUserError as error:
        raise DefinitionError(
            f'Op "{node.name}" of job "{job_name}" cannot take config of type {shown(kind)}: '
            f"{error.message.partition(chr(10))[0]}"
        ) from None


def _has_defaults(kind: object) -> bool:
    return (
        isinstance(kind, type)
        and issubclass(kind, BaseModel)
        and not any(field.is_required() for field in kind.model_fields.values())
    )


def checked_json(run_config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a run config as plain JSON; raises InvalidConfig where it is none."""
    try:
        plain: dict[str, Any] = as_json(dict(run_config))
    except ValueError as error:
        raise InvalidConfig(f"The run config {error}.") from None
    return plain
