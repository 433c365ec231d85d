"""The sensor that makes freshness checks: it is told how the assets stand, so that it takes no run."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from vedette.authoring.assets.graph import AssetGraph
from vedette.authoring.contexts import SensorEvaluationContext
from vedette.authoring.freshness.checks import FreshnessChecksDefinition
from vedette.authoring.freshness.rules import Finding
from vedette.authoring.freshness.standing import standing_context, standing_in
from vedette.authoring.logs import Sink
from vedette.authoring.sensor_results import SensorResult
from vedette.authoring.sensors import SensorDefinition
from vedette.authoring.text import shown
from vedette.domain.assets import AssetKey
from vedette.domain.catalog import SensorKind, SensorStatus
from vedette.domain.ticks import EvaluationInstruction
from vedette.errors import DefinitionError

DEFAULT_NAME = "freshness_checks_sensor"
DESCRIPTION = "Tells how fresh assets are: once after each deadline, and whenever that changes."


class FreshnessCheckSensorDefinition(SensorDefinition):
    """A sensor that makes `checks`."""

    kind = SensorKind.FRESHNESS

    def __init__(
        self,
        name: str,
        checks: tuple[FreshnessChecksDefinition, ...],
        minimum_interval_seconds: float | None,
        default_status: SensorStatus,
    ) -> None:
        """Define it; raises DefinitionError."""
        super().__init__(
            name,
            evaluation_fn=self._evaluate,
            minimum_interval_seconds=minimum_interval_seconds,
            default_status=default_status,
            description=DESCRIPTION,
        )
        self.checks = checks

    def watched_assets(self, graph: AssetGraph) -> tuple[AssetKey, ...]:
        """Return the assets that are checked."""
        return tuple(dict.fromkeys(check.rule.asset_key for check in self.checks))

    def new_context(self, instruction: EvaluationInstruction, sink: Sink) -> SensorEvaluationContext:
        """Return the context of the evaluation that is asked for."""
        return standing_context(self.name, instruction, sink=sink)

    def _evaluate(self, context: SensorEvaluationContext) -> SensorResult:
        now = datetime.now(UTC)
        before = json.loads(context.cursor or "{}")
        after, told = {}, []
        for check in self.checks:
            name, rule = check.check.name, check.rule
            found = rule.look(standing_in(context, rule.asset_key), now)
            named = f"{rule.asset_key.to_escaped_user_string()}:{name}"
            after[named] = _told(found)
            if before.get(named) != after[named]:
                told.append(rule.evaluation(name, found))
        if not told:
            return SensorResult(skip_reason="Nothing new about how fresh the assets are.")
        return SensorResult(asset_events=told, cursor=json.dumps(after, sort_keys=True))


def _told(found: Finding) -> list[object]:
    """Return what is told once."""
    return [found.passed, None if found.deadline is None else found.deadline.timestamp()]


def build_sensor_for_freshness_checks(
    *,
    freshness_checks: Iterable[Any],
    minimum_interval_seconds: float | None = None,
    name: str = DEFAULT_NAME,
    default_status: SensorStatus = SensorStatus.STOPPED,
) -> SensorDefinition:
    """Make a sensor that makes these checks, without a run, and tells of each that is new, in the tick's transaction.

    It looks every `minimum_interval_seconds` (30 unless given), and as soon as one of the assets is materialized. Each
    check is told once after each deadline, and each time that it passes or fails anew. Raises DefinitionError.
    """
    checks = tuple(freshness_checks)
    names = [check.check.key for check in checks if isinstance(check, FreshnessChecksDefinition)]
    if len(names) < len(checks) or not checks:
        raise DefinitionError(
            f'freshness_checks of sensor "{name}" are what build_last_update_freshness_checks and'
            f" build_time_partition_freshness_checks return, not {shown(list(checks))}."
        )
    if len(set(names)) < len(names):
        raise DefinitionError(f'freshness_checks of sensor "{name}" has two checks of one asset; make two sensors.')
    return FreshnessCheckSensorDefinition(name, checks, minimum_interval_seconds, default_status)
