"""Names of operations as metrics show them: as clients give them, but of few kinds, whatever clients send."""

from collections.abc import Iterable

from vedette.graphql.documents.requests import Operation

MOST_NAMES = 100
LONGEST_NAME = 60
UNNAMED = "unnamed"
OTHER = "other"


class OperationNames:
    """The names that were seen first, MOST_NAMES of them, and always those of `known` ones; any other is OTHER."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        self._names = set(known)
        self._most = MOST_NAMES + len(self._names)

    def of(self, operation: Operation) -> str:
        """Return the name of an operation that is executed."""
        name = operation.node.name.value if operation.node.name is not None else UNNAMED
        if name in self._names:
            return name
        if len(self._names) >= self._most or len(name) > LONGEST_NAME:
            return OTHER
        self._names.add(name)
        return name
