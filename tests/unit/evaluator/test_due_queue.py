"""Laws of the due queue, against the plainest queue there is: a dict."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from vedette.evaluator.due_queue import DueQueue

IDS = st.integers(0, 40).map(lambda n: UUID(int=n))
TIMES = st.integers(-5, 50).map(float)


class AgainstADict(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.queue = DueQueue()
        self.model: dict[UUID, float] = {}

    @rule(sensor_id=IDS, due=TIMES)
    def put(self, sensor_id: UUID, due: float) -> None:
        self.queue.put(sensor_id, due)
        self.model[sensor_id] = due

    @rule(sensor_id=IDS)
    def drop(self, sensor_id: UUID) -> None:
        self.queue.drop(sensor_id)
        self.model.pop(sensor_id, None)

    @rule(now=TIMES)
    def pop_due(self, now: float) -> None:
        due = {sensor_id: at for sensor_id, at in self.model.items() if at <= now}
        popped = self.queue.pop_due(now)
        assert sorted(popped) == sorted(due)
        assert [due[sensor_id] for sensor_id in popped] == sorted(due.values())
        for sensor_id in due:
            del self.model[sensor_id]

    @invariant()
    def agrees(self) -> None:
        assert len(self.queue) == len(self.model)
        assert self.queue.next_due() == min(self.model.values(), default=None)


TestAgainstADict = AgainstADict.TestCase


@given(st.lists(TIMES, min_size=200, max_size=400))
def test_a_sensor_moved_often_is_due_once_at_the_last_time(times: list[float]) -> None:
    queue = DueQueue()
    for due in times:
        queue.put(UUID(int=1), due)
    assert queue.pop_due(times[-1] - 1) == []
    assert queue.pop_due(times[-1]) == [UUID(int=1)]
    assert queue.next_due() is None
