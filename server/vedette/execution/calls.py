"""Which way a sensor is called: once, or once for each event."""

from collections.abc import Callable

from vedette.authoring.definitions import Definitions
from vedette.authoring.instance.instance import VedetteInstance
from vedette.authoring.reacting_sensors import ReactingSensorDefinition
from vedette.domain.logs import LogRecord
from vedette.domain.ticks import EvaluationInstruction
from vedette.execution.evaluation import Call
from vedette.execution.reacting import OnReaction, ReactingCall
from vedette.execution.resource_scopes import SharedResources


def call_of(
    definitions: Definitions,
    instruction: EvaluationInstruction,
    on_begin: Callable[[], None],
    on_log: Callable[[LogRecord], None],
    on_reaction: OnReaction,
    shared: SharedResources | None = None,
    instance: VedetteInstance | None = None,
) -> Call | ReactingCall:
    """Return the call that `instruction` asks for; it has the resources that this process shares, and `instance`.

    Raises DefinitionError where there is no such sensor.
    """
    sensor = definitions.get_sensor_def(instruction.sensor_name)
    if isinstance(sensor, ReactingSensorDefinition):
        return ReactingCall(definitions, sensor, instruction, on_begin, on_log, on_reaction, shared, instance)
    return Call(definitions, instruction, on_begin, on_log, shared, instance)
