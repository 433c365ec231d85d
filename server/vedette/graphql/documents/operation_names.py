"""Names of operations as metrics show them: as clients give them, but of few kinds, whatever clients send."""

from collections.abc import Iterable

from vedette.graphql.documents.requests import Operation
from vedette.telemetry.few_names import FewNames

MOST_NAMES = 100


class OperationNames:
    """The names that were seen first, MOST_NAMES of them, and always those of `known` ones."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        self._names = FewNames(MOST_NAMES, known)

    def of(self, operation: Operation) -> str:
        """Return the name of an operation that is executed."""
        return self._names.of(operation.node.name.value if operation.node.name is not None else None)
