"""`@configured`: an op or a resource that gets its config from a function of another config, or of none."""

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from vedette.authoring.ops import OpDefinition
from vedette.authoring.resources.definition import ResourceDefinition
from vedette.authoring.text import shown
from vedette.errors import DefinitionError

Configurable = TypeVar("Configurable", bound=OpDefinition | ResourceDefinition)


def configured(
    configurable: Configurable, config_schema: Any = None, *, name: str | None = None
) -> Callable[[Callable[[Any], Any]], Configurable]:
    """Make an op or resource whose config is what the decorated function makes of the `config_schema`'s.

    An op takes `name=`; it is called as the function is unless given. Raises DefinitionError.
    """

    def define(function: Callable[[Any], Any]) -> Any:
        if isinstance(configurable, OpDefinition):
            return configurable.configured(function, name or function.__name__, _schema(function))
        return configurable.configured(function, _schema(function))

    def _schema(function: Callable[[Any], Any]) -> Any:
        """Return the declared schema; a parameter that is annotated with a Config declares it, too."""
        if config_schema is not None:
            return config_schema
        parameters = list(inspect.signature(function).parameters.values())
        annotation = parameters[0].annotation if parameters else inspect.Parameter.empty
        return None if annotation in (inspect.Parameter.empty, Any) else annotation

    if not isinstance(configurable, OpDefinition | ResourceDefinition):
        raise DefinitionError(f"@configured takes an op or a resource made by @resource, not {shown(configurable)}.")
    return define
