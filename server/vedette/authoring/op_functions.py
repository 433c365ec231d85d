"""The function of an op: which of its parameters take the context, the config and the inputs."""

import copy
import inspect
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from vedette.authoring.calling import Function, annotation_of, is_annotated_as, parameters_of
from vedette.authoring.config_schema import ConfigType, Preset, config_type_of
from vedette.authoring.environment import read
from vedette.authoring.op_contexts import OpExecutionContext
from vedette.authoring.resources.definition import checked_keys
from vedette.authoring.resources.parameters import resource_parameters
from vedette.errors import DefinitionError, InvalidConfig, InvocationError

NO_CONFIG: Any = inspect.Parameter.empty

_CONTEXT_NAMES = frozenset({"context", "_context", "_"})
_BY_NAME = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


class OpFunction:
    """A function as an op sees it. `config_type` is that of its parameter `config` or its config_schema, or NO_CONFIG.

    `required_resource_keys` are those that were named, and the parameters that take resources.
    """

    def __init__(
        self,
        function: Function,
        op_name: str,
        config_schema: Any = None,
        required_resource_keys: Iterable[str] | None = None,
    ) -> None:
        """Read the signature; raises DefinitionError for parameters that nothing could be passed to."""
        self.call = function
        self.op_name = op_name
        self.is_generator = inspect.isgeneratorfunction(function)
        self.is_async_generator = inspect.isasyncgenfunction(function)
        parameters = parameters_of(function, "op")
        for parameter in parameters:
            if parameter.kind not in _BY_NAME:
                raise DefinitionError(
                    f'Op "{op_name}" has the parameter {parameter}: values are passed by name, so name each.'
                )
        self.context_name = _context_name(parameters)
        self.resource_names = resource_parameters(function, parameters)
        rest = [one for one in parameters if one.name not in {self.context_name, *self.resource_names}]
        named = checked_keys(f'op "{op_name}"', required_resource_keys)
        self.required_resource_keys = named | frozenset(self.resource_names)
        self.config_type, self.config_default = NO_CONFIG, NO_CONFIG
        self.preset: Preset | None = None
        self.takes_config = any(one.name == "config" for one in rest)
        if (declared := config_type_of(config_schema, f'op "{op_name}"')) is not None:
            self._declare_config(declared)
        for parameter in rest:
            if parameter.name == "config":
                self._read_config(parameter)
        inputs = [one for one in rest if one.name != "config"]
        self.inputs = tuple(one.name for one in inputs)
        self.required_inputs = tuple(one.name for one in inputs if one.default is inspect.Parameter.empty)

    def _declare_config(self, declared: ConfigType) -> None:
        if self.takes_config:
            raise DefinitionError(
                f'Op "{self.op_name}" has config_schema= and the parameter config: have one of the two; with'
                " config_schema=, read context.op_config."
            )
        self.config_type = declared.annotation
        if declared.has_default:
            self.config_default = declared.default_value()

    def configured(self, config_or_fn: Any, config_schema: Any, op_name: str) -> "OpFunction":
        """Return the function of an op whose config is given; raises DefinitionError."""
        if self.config_type is NO_CONFIG:
            raise DefinitionError(f'Op "{self.op_name}" takes no config, so that it cannot be configured.')
        inner = ConfigType(self.config_type, self.config_default, f'op "{self.op_name}"')
        other = copy.copy(self)
        other.op_name = op_name
        other.preset = inner.preset(config_or_fn, config_schema, inner.owner)
        outer = other.preset.outer
        other.config_type = NO_CONFIG if outer is None else outer.annotation
        other.config_default = outer.default_value() if outer is not None and outer.has_default else NO_CONFIG
        return other

    def config_value(self, given: Any) -> Any:
        """Return what the function gets for the config that a run has `given`, EnvVars read; raises InvalidConfig."""
        value = given if self.preset is None else self.preset.inner_value(given)
        return read(value, f'op "{self.op_name}"')

    def _read_config(self, parameter: inspect.Parameter) -> None:
        owner = f'the parameter config of op "{self.op_name}"'
        annotation = annotation_of(self.call, parameter, owner)
        if annotation is inspect.Parameter.empty:
            raise DefinitionError(
                f"Annotate {owner}: `config: MyConfig` with a subclass of Config, or any other type of its value."
            )
        self.config_type, self.config_default = annotation, parameter.default

    def arguments(self, context: OpExecutionContext, config: object, inputs: Mapping[str, object]) -> dict[str, object]:
        """Return the keyword arguments of one call."""
        arguments = dict(inputs)
        if self.context_name is not None:
            arguments[self.context_name] = context
        if self.takes_config:
            arguments["config"] = config
        arguments.update((name, context.resources[name]) for name in self.resource_names)
        return arguments

    def call_directly(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Call the function as it is; a config that is not passed is the op_config of the context.

        Raises InvocationError for arguments that do not fit the function, InvalidConfig for such an op_config.
        """
        try:
            given = inspect.signature(self.call).bind_partial(*args, **kwargs).arguments
            kwargs = {**kwargs, **self._of_context(given)}
            inspect.signature(self.call).bind(*args, **kwargs)
        except TypeError as error:
            remedy = self._remedy(str(error).split("'"))
            raise InvocationError(f'Op "{self.op_name}" cannot be called so: {error}.{remedy}') from None
        return self.call(*args, **kwargs)

    def _remedy(self, words: list[str]) -> str:
        if self.context_name in words:
            return " Pass build_op_context() as the context."
        missing = [name for name in self.resource_names if name in words]
        return f" Pass the resource as {missing[0]}=..., or build_op_context(resources=...)." if missing else ""

    def _of_context(self, given: Mapping[str, Any]) -> dict[str, object]:
        """Return what the context, if it is given, has for parameters that are not."""
        context = given.get(self.context_name or "")
        if not isinstance(context, OpExecutionContext):
            return {}
        context.add_resources(f'Op "{self.op_name}"', {}, self.required_resource_keys - given.keys())
        found: dict[str, object] = {name: context.resources[name] for name in self.resource_names if name not in given}
        if self.takes_config and "config" not in given and context.op_config is not None:
            found["config"] = self._config_of(context)
        return found

    def _config_of(self, context: OpExecutionContext) -> Any:
        try:
            return TypeAdapter(self.config_type).validate_python(context.op_config)
        except ValidationError as error:
            raise InvalidConfig(f'The op_config of the context does not suit op "{self.op_name}": {error}') from None


def _context_name(parameters: list[inspect.Parameter]) -> str | None:
    for parameter in parameters:
        if is_annotated_as(parameter, OpExecutionContext):
            return parameter.name
    if parameters and parameters[0].name in _CONTEXT_NAMES:
        return parameters[0].name
    return None
