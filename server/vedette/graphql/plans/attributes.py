"""Fields that are attributes of what an object is made from: a plan reads them where they are, and copies nothing."""

from inspect import Parameter, Signature
from keyword import iskeyword
from operator import attrgetter
from typing import Any


class Attribute:
    """A resolver that reads an attribute of its object, or one of an attribute: `facts`, `facts.name`.

    The object has it under the field's name too. Raises ValueError for a path that is none.
    """

    __signature__ = Signature([Parameter("self", Parameter.POSITIONAL_ONLY, annotation=Any)], return_annotation=Any)

    def __init__(self, path: str) -> None:
        if not all(name.isidentifier() and not iskeyword(name) for name in path.split(".")):
            raise ValueError(f"{path!r} is no attribute.")
        self.path = path
        self.__name__ = path
        self._found = attrgetter(path)

    def __call__(self, source: Any) -> Any:
        """Read it."""
        return self._found(source)

    def __get__(self, source: Any, of: type | None = None) -> Any:
        """Read it, where it is asked for as an attribute of the object."""
        return self if source is None else self._found(source)
