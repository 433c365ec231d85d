"""How a function wants to be called: read once from its signature, when it is defined."""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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


def annotation_if_known(function: Function, parameter: inspect.Parameter) -> Any:
    """Return the annotation of `parameter`, evaluated where it is a string whose names are found; else the string."""
    if not isinstance(parameter.annotation, str):
        return parameter.annotation
    plain = inspect.unwrap(function)
    names = inspect.getclosurevars(plain).nonlocals if inspect.isfunction(plain) else {}
    try:
        return eval(parameter.annotation, getattr(plain, "__globals__", {}), dict(names))
    except Exception:
        return parameter.annotation


def is_annotated_as(parameter: inspect.Parameter, kind: type) -> bool:
    """Tell whether `parameter` is annotated as `kind`, also where the annotation is a string."""
    annotation = parameter.annotation
    if isinstance(annotation, str):
        return annotation.rpartition(".")[2] == kind.__name__
    return annotation is kind


@contextmanager
def placed(what: str, definition: object) -> Iterator[None]:
    """Note on a DefinitionError from within the block where the function of `definition` stands, called `what`."""
    try:
        yield
    except DefinitionError as error:
        code = getattr(inspect.unwrap(definition), "__code__", None) if callable(definition) else None
        if code is not None:
            error.add_note(f"{what} is defined in {code.co_filename}, line {code.co_firstlineno}.")
        raise
