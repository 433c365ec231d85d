"""The function of a sensor: which of its parameters takes the context, and which take resources."""

import inspect
from collections.abc import Mapping
from typing import Any

from vedette.authoring.calling import Function, is_annotated_as, is_async, parameters_of
from vedette.authoring.resources.parameters import resource_parameters
from vedette.authoring.resources.scoped import Resources
from vedette.authoring.text import shown
from vedette.errors import DefinitionError

_BY_POSITION = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.POSITIONAL_ONLY)


class SensorFunction:
    """A function as a sensor sees it. `resource_names` are parameters, and keys of the resources that they take."""

    def __init__(self, function: Function, kind: type, noun: str = "sensor") -> None:
        """Read the signature; `kind` is the context's class. Raises DefinitionError for what nothing can be passed to.

        The context goes to the only other parameter without a default, under any name; one with a default keeps it,
        unless it is called `context` or annotated as `kind`.
        """
        parameters = [one for one in parameters_of(function, noun) if one.kind is not inspect.Parameter.VAR_KEYWORD]
        self._function = function
        self.resource_names = resource_parameters(function, parameters)
        wanting = [one for one in parameters if one.name not in self.resource_names and _wants_context(one, kind)]
        if len(wanting) > 1:
            raise DefinitionError(_several(function, wanting, noun))
        self._parameter = wanting[0] if wanting else None
        self.is_async = is_async(function)

    @property
    def context_name(self) -> str | None:
        """Return the name of the parameter that takes the context, None where none does."""
        return self._parameter.name if self._parameter else None

    def __call__(self, context: Any, resources: Resources | Mapping[str, Any]) -> Any:
        """Call the function; raises UnknownResource where `resources` lack one."""
        given = {name: resources[name] for name in self.resource_names}
        if self._parameter is None:
            return self._function(**given)
        if self._parameter.kind in _BY_POSITION:
            return self._function(context, **given)
        if given or self._parameter.kind is inspect.Parameter.KEYWORD_ONLY:
            return self._function(**given, **{self._parameter.name: context})
        return self._function(context)


def _wants_context(parameter: inspect.Parameter, kind: type) -> bool:
    if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
        return True
    if parameter.default is inspect.Parameter.empty:
        return True
    return parameter.name == "context" or is_annotated_as(parameter, kind)


def _several(function: Function, wanting: list[inspect.Parameter], noun: str) -> str:
    names = ", ".join(one.name for one in wanting)
    unknown = [f"{one.name}: {one.annotation!r}" for one in wanting if isinstance(one.annotation, str)]
    hint = f" What {', '.join(unknown)} names was not found: import it at module level." if unknown else ""
    return (
        f"The {noun} {shown(function)} takes {names}: it may take one argument, the context, others with a default, and"
        f" resources, which are annotated with their class or ResourceParam[...].{hint}"
    )
