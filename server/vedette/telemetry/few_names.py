"""Names that clients choose, as metrics show them: of few kinds, whatever clients send."""

from collections.abc import Iterable

LONGEST_NAME = 60
UNNAMED = "unnamed"
OTHER = "other"


class FewNames:
    """The names that were seen first, `most` of them, and always those of `known` ones; any other is OTHER."""

    def __init__(self, most: int, known: Iterable[str] = ()) -> None:
        self._names = set(known)
        self._most = most + len(self._names)

    def of(self, name: str | None) -> str:
        """Return how a name is shown; None, or an empty one, is UNNAMED."""
        name = name or UNNAMED
        if name in self._names:
            return name
        if len(self._names) >= self._most or len(name) > LONGEST_NAME:
            return OTHER
        self._names.add(name)
        return name
