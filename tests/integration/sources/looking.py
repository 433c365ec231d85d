"""Looking at a source as its sensor does: from tick to tick, with what a crash does in between."""

from typing import Any

from vedette import RunRequest, SensorDefinition, build_sensor_context, job, op
from vedette.domain.ticks import Evaluation
from vedette.sources import Source, source_sensor


@op
def load() -> None:
    pass


@job
def loads() -> None:
    load()


class Looker:
    """A sensor over a source, and its cursor. `keys` are the run keys that were asked for, tick after tick."""

    def __init__(self, source: Source[Any], **options: Any) -> None:
        @source_sensor(source, job=loads, **options)
        def arrivals(item: Any) -> RunRequest:
            return RunRequest(tags={"item": item.key})

        self.sensor: SensorDefinition = arrivals
        self.cursor: str | None = None
        self.keys: list[str | None] = []

    def evaluate(self) -> Evaluation:
        """Evaluate, and forget what came of it: as if the process had died before the commit."""
        evaluation = self.sensor.evaluate_tick(build_sensor_context(cursor=self.cursor))
        assert evaluation.error is None, evaluation.error
        return evaluation

    def tick(self) -> list[str | None]:
        """Evaluate twice, the first time in vain; return the run keys that the tick asks for."""
        lost, evaluation = self.evaluate(), self.evaluate()
        assert lost.run_requests == evaluation.run_requests, "what is evaluated again has to come to the same"
        if evaluation.cursor_set:
            self.cursor = evaluation.cursor
        asked = [request.run_key for request in evaluation.run_requests]
        self.keys += asked
        return asked

    def fails(self) -> str:
        """Evaluate in vain and return the message of the error."""
        evaluation = self.sensor.evaluate_tick(build_sensor_context(cursor=self.cursor))
        assert evaluation.error is not None, evaluation
        return evaluation.error.message
