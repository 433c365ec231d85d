"""What is said to a keyword that a definition does not take: authors come from elsewhere, with other names in mind."""

import functools
import inspect
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from vedette.errors import DefinitionError

P = ParamSpec("P")
T = TypeVar("T")


def known_keywords(called: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Make a function, which authors know as `called`, raise DefinitionError for keywords that it does not take."""

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        parameters = inspect.signature(function).parameters.values()
        known = [one.name for one in parameters if one.kind is not one.POSITIONAL_ONLY and one.name != "self"]

        @functools.wraps(function)
        def checked(*args: P.args, **kwargs: P.kwargs) -> T:
            for name in kwargs:
                if name not in known:
                    raise DefinitionError(
                        f"{called} does not take {name}=: this version of Vedette has no such thing. Leave it out;"
                        f" it takes {', '.join(f'{one}=' for one in known)}."
                    )
            return function(*args, **kwargs)

        return checked

    return decorate
