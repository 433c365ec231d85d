"""Sensors that react to events: called for each event by itself, due when one happens."""

from abc import abstractmethod

from vedette.authoring.contexts import SensorEvaluationContext
from vedette.authoring.logs import Sink
from vedette.authoring.sensors import SensorDefinition
from vedette.authoring.text import shown
from vedette.domain.reactions import DEFAULT_ATTEMPTS, SensorEvent
from vedette.domain.ticks import EvaluationInstruction
from vedette.errors import DefinitionError

KEPT_CURSOR = (
    "The cursor of a sensor that reacts to events is kept by the server: it moves past each event once that is handled."
    " Leave update_cursor and SensorResult(cursor=...) out."
)


class ReactingSensorDefinition(SensorDefinition):
    """A sensor whose function is called once for each event that concerns it."""

    @abstractmethod
    def context_of(self, event: SensorEvent, instruction: EvaluationInstruction, sink: Sink) -> SensorEvaluationContext:
        """Return the context with which the function is called for `event`."""


def checked_attempts(sensor_name: str, attempts: object) -> int:
    """Return how often a failing event is tried; raises DefinitionError for what is no number above 0."""
    if attempts is None:
        return DEFAULT_ATTEMPTS
    if not isinstance(attempts, int) or isinstance(attempts, bool) or attempts < 1:
        raise DefinitionError(
            f'max_attempts of sensor "{sensor_name}" is a whole number, 1 or more, not {shown(attempts)}.'
        )
    return attempts
