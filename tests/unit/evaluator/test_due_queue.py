"""Laws of the due queue, against the plainest queue there is: a dict."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from vedette.evaluator.due_queue import DueQueue

IDS = st.integers(0, 40).map(lambda n: UUID(int=n))
TIMES = st.integers(-5, 50).map(float)
SLACKS = st.sampled_from([0.0, 1.0, 5.0])


class AgainstADict(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.queue = DueQueue()
        # When due, and when to begin at the latest.
        self.model: dict[UUID, tuple[float, float]] = {}

    @rule(sensor_id=IDS, due=TIMES, slack=SLACKS)
    def put(self, sensor_id: UUID, due: float, slack: float) -> None:
        self.queue.put(sensor_id, due, slack)
        self.model[sensor_id] = due, due + slack

    @rule(sensor_id=IDS)
    def drop(self, sensor_id: UUID) -> None:
        self.queue.drop(sensor_id)
        self.model.pop(sensor_id, None)

    @rule(now=TIMES, most=st.integers(0, 50))
    def pop_due(self, now: float, most: int) -> None:
        popped = self.queue.pop_due(now, most)
        taken = {sensor_id: self.model.pop(sensor_id) for sensor_id in popped}
        assert len(taken) == len(popped) <= most
        assert all(due <= now for due, _ in taken.values())
        begins = [begin for _, begin in taken.values()]
        assert begins == sorted(begins)
        if len(taken) < most:
            assert all(begin > now for _, begin in self.model.values())

    @invariant()
    def agrees(self) -> None:
        assert len(self.queue) == len(self.model)
        assert self.queue.next_begin() == min((begin for _, begin in self.model.values()), default=None)


TestAgainstADict = AgainstADict.TestCase


@given(st.lists(TIMES, min_size=200, max_size=400))
def test_a_sensor_moved_often_is_due_once_at_the_last_time(times: list[float]) -> None:
    queue = DueQueue()
    for due in times:
        queue.put(UUID(int=1), due)
    assert queue.pop_due(times[-1] - 1, 9) == []
    assert queue.pop_due(times[-1], 9) == [UUID(int=1)]
    assert queue.next_begin() is None
