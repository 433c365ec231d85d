"""Which parameters of a function take resources: those annotated with a resource's class, or with ResourceParam."""

import inspect
from typing import Annotated, Any, get_args, get_origin

from typing_extensions import TypeVar

from vedette.authoring.calling import Function, annotation_if_known
from vedette.authoring.resources.configurable import ConfigurableResourceFactory

T = TypeVar("T")


class TakesResource:
    """Base of classes that, as the annotation of a parameter, say that it takes a resource."""


class _ResourceMark:
    """Says in an Annotated that a parameter takes a resource."""


_MARK = _ResourceMark()

# A parameter that takes a resource which is no ConfigurableResource: `github: ResourceParam[Github]`.
ResourceParam = Annotated[T, _MARK]


def takes_resource(annotation: Any) -> bool:
    """Tell whether a parameter so annotated takes a resource."""
    if get_origin(annotation) is Annotated:
        return _MARK in get_args(annotation) or takes_resource(get_args(annotation)[0])
    kind = get_origin(annotation) or annotation
    return isinstance(kind, type) and issubclass(kind, ConfigurableResourceFactory | TakesResource)


def resource_parameters(function: Function, parameters: list[inspect.Parameter]) -> tuple[str, ...]:
    """Return the names of those parameters that take resources: they are the resources' keys."""
    return tuple(one.name for one in parameters if takes_resource(annotation_if_known(function, one)))
