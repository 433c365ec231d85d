"""The run config of a job: its shape from the ops' config types, its JSON Schema, and what a given one comes to."""

import functools
import inspect
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic.errors import PydanticUserError
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaWarningKind

from vedette.authoring.config_schema import ConfigType
from vedette.authoring.environment import as_names
from vedette.authoring.graph import Node
from vedette.authoring.text import as_json, cleaned, shown
from vedette.domain import secrets
from vedette.errors import DefinitionError, InvalidConfig

JSON_SCHEMA = "https://json-schema.org/draft/2020-12/schema"

_STRICT = ConfigDict(extra="forbid", arbitrary_types_allowed=False)
_EMPTY = inspect.Parameter.empty
_SHOWN_ERRORS = 20


class _Schema(GenerateJsonSchema):
    # A default that JSON cannot hold, such as a secret, is left out of the schema; the code has it all the same.
    ignored_warning_kinds: set[JsonSchemaWarningKind] = {  # noqa: RUF012  (as pydantic declares it)
        "skipped-choice",
        "non-serializable-default",
    }


class _NoConfig(BaseModel):
    """The entry of an op that takes no config."""

    model_config = _STRICT


class RunConfigShape:
    """The run config that the job `job_name` of these nodes accepts: `{"ops": {name: {"config": …}}}`.

    The entry of a graph within the job is `{"ops": …}` again. With resources that take config, by key, there is
    `{"resources": {key: {"config": …}}}` beside it.
    """

    def __init__(self, job_name: str, nodes: Iterable[Node], resources: Mapping[str, ConfigType] | None = None) -> None:
        """Build the model; raises DefinitionError for a config type that cannot be validated."""
        self._job_name = job_name
        self._nodes = list(nodes)
        self._takes_config = any(node.op.has_config for node in self._nodes)
        tree = _tree(self._nodes)
        self._names = tuple(tree)
        # Where the entry of each op is, as names of fields.
        self._places: dict[str, tuple[str, ...]] = {}
        self._ops, self._needs_config = self._ops_model(f"{job_name}_ops", tree, ())
        given: dict[str, Any] = {} if self._needs_config else {"default_factory": self._ops}
        parts: dict[str, Any] = {"ops": (self._ops, Field(**given))}
        self._keys = {key: f"resource{index}" for index, key in enumerate(resources or {})}
        if resources:
            parts["resources"] = _resources_part(job_name, self._keys, resources)
        self._model = create_model(job_name, __config__=_STRICT, **parts)

    def _ops_model(self, name: str, tree: "Tree", place: tuple[str, ...]) -> tuple[type[BaseModel], bool]:
        """Return the model of the entries of some ops and graphs, and whether it is required."""
        # Fields have names of our own, and the ops' names as aliases: an op may be called `json` or `_x`.
        members: dict[str, Any] = {}
        needed = False
        for index, (key, child) in enumerate(tree.items()):
            here = (*place, f"op{index}")
            if isinstance(child, Node):
                self._places[child.name] = here
                model, required = _node_model(self._job_name, child)
            else:
                inner, required = self._ops_model(f"{name}_{key}", child, (*here, "ops"))
                factory: dict[str, Any] = {} if required else {"default_factory": inner}
                members_of_graph: dict[str, Any] = {"ops": (inner, Field(**factory))}
                model = create_model(key, __config__=_STRICT, **members_of_graph)
            needed = needed or required
            default: dict[str, Any] = {} if required else {"default_factory": model}
            members[f"op{index}"] = (model, Field(alias=key, **default))
        return create_model(name, __config__=_STRICT, **members), needed

    @property
    def needs_config(self) -> bool:
        """Tell whether some op requires config."""
        return self._needs_config

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON Schema (2020-12) of the run config; raises DefinitionError where a type has none."""
        try:
            return {"$schema": JSON_SCHEMA, **self._model.model_json_schema(schema_generator=_Schema)}
        except PydanticUserError as error:
            raise DefinitionError(f'The config of job "{self._job_name}" has no JSON Schema: {error.message}') from None

    def marked(self, run_config: Mapping[str, Any]) -> Any:
        """Return a run config with its secret values marked, see `domain.secrets`."""
        return secrets.marked(self._secret_schema, dict(run_config))

    @functools.cached_property
    def _secret_schema(self) -> dict[str, Any] | None:
        """The JSON Schema where it marks anything as secret."""
        schema = self.json_schema()
        return schema if secrets.has_secrets(schema) else None

    def resolve(self, run_config: Mapping[str, Any]) -> dict[str, Any]:
        """Return the config value of each op that takes one; raises InvalidConfig that names every fault."""
        if not run_config and not self._takes_config and not self._keys:
            return {}
        ops = self._accepted(run_config).ops
        return {
            node.name: functools.reduce(getattr, self._places[node.name], ops).config
            for node in self._nodes
            if node.op.has_config
        }

    def resolve_resources(self, run_config: Mapping[str, Any]) -> dict[str, Any]:
        """Return the config value of each resource that takes one, by key; raises InvalidConfig."""
        if not self._keys:
            return {}
        resources = self._accepted(run_config).resources
        return {key: getattr(resources, field).config for key, field in self._keys.items()}

    def _accepted(self, run_config: Mapping[str, Any]) -> Any:
        try:
            return self._model.model_validate(run_config)
        except ValidationError as error:
            told = secrets.redacted(self._faults(error), secrets.values(self.marked(run_config)))
            raise InvalidConfig(f'Job "{self._job_name}" refuses its run config: {told}.') from None
        except Exception as error:
            told = secrets.redacted(f"{type(error).__name__}: {error}", secrets.values(self.marked(run_config)))
            raise InvalidConfig(f'The run config of job "{self._job_name}" could not be checked: {told}.') from error

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
            return f"{path} names no op of this job ({', '.join(self._names) or 'it has none'})"
        if kind == "extra_forbidden" and location[0] == "resources" and len(location) == 2:
            return f"{path} names no resource of this job that takes config ({', '.join(self._keys)})"
        if kind == "extra_forbidden":
            return f"{path} is not known here"
        return cleaned(f"{path}: {message} (given {shown(given)})", 400)


Tree = dict[str, "Node | Tree"]


def _tree(nodes: Iterable[Node]) -> "Tree":
    """Return the ops by name, and those of each graph by its name."""
    root: Tree = {}
    for node in nodes:
        *graphs, name = node.name.split(".")
        within = root
        for graph in graphs:
            inner = within.setdefault(graph, {})
            assert not isinstance(inner, Node)
            within = inner
        within[name] = node
    return root


def _node_model(job_name: str, node: Node) -> tuple[type[BaseModel], bool]:
    """Return the model of a node's entry, and whether the entry is required."""
    if not node.op.has_config:
        return _NoConfig, False
    kind, default = node.op.function.config_type, node.op.function.config_default
    required = default is _EMPTY and not _has_defaults(kind)
    name = node.name.replace(".", "_")
    try:
        if required:
            return create_model(name, __config__=_STRICT, config=(kind, ...)), True
        factory = kind if default is _EMPTY else lambda: default
        return create_model(
            node.name.replace(".", "_"), __config__=_STRICT, config=(kind, Field(default_factory=factory))
        ), False
    except PydanticUserError as error:
        raise DefinitionError(
            f'Op "{node.name}" of job "{job_name}" cannot take config of type {shown(kind)}: '
            f"{error.message.partition(chr(10))[0]}"
        ) from None


def _resources_part(
    job_name: str, fields: Mapping[str, str], resources: Mapping[str, ConfigType]
) -> tuple[type[BaseModel], Any]:
    members: dict[str, Any] = {}
    for key, field in fields.items():
        kind = resources[key]
        default: dict[str, Any] = {"default_factory": kind.default_value} if kind.has_default else {}
        entry = create_model(key, __config__=_STRICT, config=(kind.annotation, Field(**default)))
        given: dict[str, Any] = {"default_factory": entry} if kind.has_default else {}
        members[field] = (entry, Field(alias=key, **given))
    model = create_model(f"{job_name}_resources", __config__=_STRICT, **members)
    needed = any(not kind.has_default for kind in resources.values())
    return model, Field() if needed else Field(default_factory=model)


def _has_defaults(kind: object) -> bool:
    return (
        isinstance(kind, type)
        and issubclass(kind, BaseModel)
        and not any(field.is_required() for field in kind.model_fields.values())
    )


def checked_json(run_config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a run config as plain JSON; raises InvalidConfig where it is none."""
    try:
        plain: dict[str, Any] = as_json(as_names(run_config))
    except ValueError as error:
        raise InvalidConfig(f"The run config {error}.") from None
    return plain
