"""A name that upstream has and we do not: it can be imported and stand in an annotation; any other use says so."""

from typing import Any, NoReturn

from vedette.errors import DefinitionError


class Missing:
    """Stands for an upstream name. Using it raises DefinitionError, which names it and the remedy."""

    __slots__ = ("_name", "_remedy")

    def __init__(self, name: str, remedy: str | None = None) -> None:
        """Take upstream's name, and what to use instead if there is such a thing."""
        self._name = name
        self._remedy = remedy or "do without it, or keep what needs it in its own project"

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse to be called."""
        self._refuse()

    def __getattr__(self, name: str) -> NoReturn:
        """Refuse to be looked into, except for what Python itself looks for."""
        if name.startswith("__"):
            raise AttributeError(name)
        self._refuse()

    def __mro_entries__(self, bases: tuple[Any, ...]) -> NoReturn:
        """Refuse to be a base class."""
        self._refuse()

    def __getitem__(self, item: Any) -> "Missing":
        """Stand in an annotation with parameters."""
        return self

    def __or__(self, other: Any) -> "Missing":
        """Stand in a union."""
        return self

    __ror__ = __or__

    def __repr__(self) -> str:
        """Say what it stands for."""
        return f"<{self._name}, which Vedette does not have>"

    def _refuse(self) -> NoReturn:
        raise DefinitionError(f"Vedette has no {self._name}: {self._remedy}.")
