"""The function of an op: which of its parameters take the context, the config and the inputs."""

import inspect
from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from vedette.authoring.calling import Function, annotation_of, is_annotated_as, parameters_of
from vedette.authoring.op_contexts import OpExecutionContext
from vedette.errors import DefinitionError, InvalidConfig, InvocationError

NO_CONFIG: Any = inspect.Parameter.empty

_CONTEXT_NAMES = frozenset({"context", "_context", "_"})
_BY_NAME = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


class OpFunction:
    """A function as an op sees it. `config_type` is the annotation of its parameter `config`, or NO_CONFIG."""

    def __init__(self, function: Function, op_name: str) -> None:
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
        rest = [one for one in parameters if one.name != self.context_name]
        self.config_type, self.config_default = NO_CONFIG, NO_CONFIG
        for parameter in rest:
            if parameter.name == "config":
                self._read_config(parameter)
        inputs = [one for one in rest if one.name != "config"]
        self.inputs = tuple(one.name for one in inputs)
        self.required_inputs = tuple(one.name for one in inputs if one.default is inspect.Parameter.empty)

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
        if self.config_type is not NO_CONFIG:
            arguments["config"] = config
        return arguments

    def call_directly(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Call the function as it is; a config that is not passed is the op_config of the context.

        Raises InvocationError for arguments that do not fit the function, InvalidConfig for such an op_config.
        """
        try:
            kwargs = {**kwargs, **self._config_of_context(args, kwargs)}
            inspect.signature(self.call).bind(*args, **kwargs)
        except TypeError as error:
            remedy = " Pass build_op_context() as the context." if self.context_name in str(error).split("'") else ""
            raise InvocationError(f'Op "{self.op_name}" cannot be called so: {error}.{remedy}') from None
        return self.call(*args, **kwargs)

    def _config_of_context(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, object]:
        given = inspect.signature(self.call).bind_partial(*args, **kwargs).arguments
        context = given.get(self.context_name or "")
        if self.config_type is NO_CONFIG or "config" in given or not isinstance(context, OpExecutionContext):
            return {}
        if context.op_config is None:
            return {}
        try:
            return {"config": TypeAdapter(self.config_type).validate_python(context.op_config)}
        except ValidationError as error:
            raise InvalidConfig(f'The op_config of the context does not suit op "{self.op_name}": {error}') from None


def _context_name(parameters: list[inspect.Parameter]) -> str | None:
    for parameter in parameters:
        if is_annotated_as(parameter, OpExecutionContext):
            return parameter.name
    if parameters and parameters[0].name in _CONTEXT_NAMES:
        return parameters[0].name
    return None
