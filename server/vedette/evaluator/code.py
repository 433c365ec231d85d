"""What the evaluator needs of code locations: their catalog and their `evaluate`; hosts provide them."""

from collections.abc import Callable, Collection, Sequence
from typing import Protocol
from uuid import UUID

from vedette.domain.catalog import Catalog
from vedette.domain.logs import LogRecord
from vedette.domain.ticks import Evaluation, EvaluationInstruction
from vedette.errors import VedetteError

# Takes the answer to the evaluation of a tick: what it came to, or why it was not evaluated after all.
Settle = Callable[[UUID, Evaluation | VedetteError], None]
# Takes a line that user code said in the evaluation of a tick.
OnLog = Callable[[UUID, LogRecord], None]


class CodeLocation(Protocol):
    """Code that may be loaded. Its answers tell what user code did, whatever it did.

    The answer is a VedetteError where user code was not evaluated after all: the location was unloaded meanwhile.
    """

    @property
    def catalog(self) -> Catalog | None:
        """The definitions; None while they are not loaded."""

    def begin(self, instructions: Sequence[EvaluationInstruction], settle: Settle, on_log: OnLog | None = None) -> None:
        """Evaluate sensors; `settle` is called once for each, now or later, unless it is given up.

        `on_log` is called with each line while it goes on; lines come again if the evaluation has to be run again.
        """

    def give_up(self, tick_ids: Collection[UUID]) -> None:
        """Give evaluations up; unknown ones are fine."""

    async def wait(self, sensor_name: str, cursor: str | None) -> None:
        """Return when what a sensor watches may have changed since `cursor`; raises VedetteError."""


class CodeLocations(Protocol):
    """All code locations of this process."""

    @property
    def names(self) -> Collection[str]:
        """Their names."""

    def __getitem__(self, name: str) -> CodeLocation: ...


class LoadedCode:
    """Which sensors this process can evaluate now."""

    def __init__(self, locations: CodeLocations) -> None:
        self._locations = locations
        self._names: dict[str, tuple[Catalog, frozenset[str]]] = {}
        self._seen: dict[str, Catalog | None] = {}

    def location(self, name: str) -> CodeLocation:
        """Return the code location `name`, one that `has` told of."""
        return self._locations[name]

    def has(self, location: str, sensor: str) -> bool:
        """Tell whether the sensor's code is loaded in this process."""
        catalog = self._locations[location].catalog if location in self._locations.names else None
        if catalog is None:
            return False
        known = self._names.get(location)
        if known is None or known[0] is not catalog:
            known = catalog, frozenset(spec.name for spec in catalog.sensors)
            self._names[location] = known
        return sensor in known[1]

    def loaded(self) -> list[str]:
        """Return the names of the code locations that are loaded."""
        return [name for name in self._locations.names if self._locations[name].catalog is not None]

    def has_changed(self) -> bool:
        """Tell whether code was loaded or unloaded since the last call."""
        before, self._seen = self._seen, {name: self._locations[name].catalog for name in self._locations.names}
        return before.keys() != self._seen.keys() or any(before[name] is not self._seen[name] for name in before)
