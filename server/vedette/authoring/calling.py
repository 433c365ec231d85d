"""How a function wants to be called: read once from its signature, when it is defined."""

import inspect
from collections.abc import Callable
from typing import Any

from vedette.authoring.text import shown
from vedette.errors import DefinitionError

Function = Callable[..., Any]


def is_async(function: Function) -> bool:
    """Tell whether calling `function` gives a coroutine or an async generator; callable objects are looked into."""
    candidates = [function] if inspect.isroutine(function) else [function, getattr(function, "__call__", None)]  # noqa: B004
    return any(inspect.iscoroutinefunction(one) or inspect.isasyncgenfunction(one) for one in candidates)


def parameters_of(function: Function, noun: str) -> list[inspect.Parameter]:
    """Return the parameters of `function`; raises DefinitionError if it cannot be called or has no signature."""
    if not callable(function):
        raise DefinitionError(f"A {noun} is made from a function, not from {shown(function)}.")
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError) as error:
        raise DefinitionError(f"The {noun} {shown(function)} has no signature that can be read: {error}.") from None


def annotation_of(function: Function, parameter: inspect.Parameter, owner: str) -> Any:
    """Return the annotation of `parameter`, evaluated; raises DefinitionError where its names are not found."""
    if not isinstance(parameter.annotation, str):
        return parameter.annotation
    try:
        return inspect.signature(function, eval_str=True).parameters[parameter.name].annotation
    except Exception as error:
        raise DefinitionError(
            f"The annotation {parameter.annotation!r} of {owner} cannot be resolved ({error});"
            " define its names at module level or leave out `from __future__ import annotations`."
        ) from None


def is_annotated_as(parameter: inspect.Parameter, kind: type) -> bool:
    """Tell whether `parameter` is annotated as `kind`, also where the annotation is a string."""
    annotation = parameter.annotation
    if isinstance(annotation, str):
        return annotation.rpartition(".")[2] == kind.__name__
    return annotation is kind


def context_parameter(function: Function, kind: type, noun: str) -> inspect.Parameter | None:
    """Return the parameter that takes the context of a sensor: the only one without a default, under any name.

    A parameter with a default keeps it, unless it is called `context` or annotated as `kind`.
    """
    parameters = [one for one in parameters_of(function, noun) if one.kind is not inspect.Parameter.VAR_KEYWORD]
    wanting = [one for one in parameters if _wants_context(one, kind)]
    if len(wanting) > 1:
        names = ", ".join(one.name for one in wanting)
        raise DefinitionError(
            f"The {noun} {shown(function)} takes {names}: it may take one argument, the context, and others with"
            " a default."
        )
    return wanting[0] if wanting else None


def _wants_context(parameter: inspect.Parameter, kind: type) -> bool:
    if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
        return True
    if parameter.default is inspect.Parameter.empty:
        return True
    return parameter.name == "context" or is_annotated_as(parameter, kind)


def with_context(function: Function, parameter: inspect.Parameter | None) -> Callable[[Any], Any]:
    """Return `function` as a callable of exactly one argument, the context."""
    if parameter is None:
        return lambda _: function()
    if parameter.kind is inspect.Parameter.KEYWORD_ONLY:
        name = parameter.name
        return lambda context: function(**{name: context})
    return function
