"""What becomes of a run is always a legal step from where it stands, and says why."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from vedette.domain.catalog import Interruption
from vedette.domain.ids import new_id
from vedette.domain.logs import ErrorInfo
from vedette.domain.runs import FINISHED, RunStatus, can_become
from vedette.launcher import endings
from vedette.launcher.endings import Ending
from vedette.launcher.engines.contract import RunExit
from vedette.storage.runs.run_queue import Claim, LostRun

HELD = (RunStatus.STARTING, RunStatus.STARTED, RunStatus.CANCELING)

SUCCEEDED = RunExit(None, finished=True, code=0, signal=None)


def died(code: int | None = None, signal: int | None = None) -> RunExit:
    return RunExit(ErrorInfo("ProcessDied", "It died."), finished=False, code=code, signal=signal)


exits = st.one_of(
    st.just(SUCCEEDED),
    st.just(RunExit(ErrorInfo("E", "failed"), finished=True, code=0, signal=None)),
    st.builds(died, code=st.integers(0, 255)),
    st.builds(died, signal=st.integers(1, 64)),
    st.just(died()),
)


def claim(on_interrupted: Interruption = Interruption.FAIL, epoch: int = 1) -> Claim:
    return Claim(
        run_id=new_id(),
        status=RunStatus.STARTING,
        epoch=epoch,
        event_count=2,
        attempt=1,
        on_interrupted=on_interrupted,
    )


def assert_legal(status: RunStatus, ending: Ending) -> None:
    path = (status, *ending.statuses)
    assert all(itertools.starmap(can_become, itertools.pairwise(path))), path
    assert ending.status in FINISHED | {RunStatus.QUEUED}
    assert (ending.status is RunStatus.FAILURE) == (ending.error is not None)


@given(st.sampled_from(HELD), exits, st.sampled_from(Interruption), st.booleans(), st.integers(1, 40))
def test_every_end_of_a_process_is_legal(
    status: RunStatus, ended: RunExit, on_interrupted: Interruption, stopped: bool, epoch: int
) -> None:
    begun = status is RunStatus.STARTED
    if not begun and ended.finished and ended.error is None:
        return  # a process that has not begun does not succeed
    assert_legal(status, endings.ended(claim(on_interrupted, epoch), status, ended, begun=begun, stopped=stopped))


@given(st.sampled_from(HELD), st.sampled_from(Interruption), st.booleans(), st.integers(1, 40))
def test_every_rescue_is_legal(status: RunStatus, on_interrupted: Interruption, cancel_asked: bool, epoch: int) -> None:
    lost = LostRun(
        run_id=new_id(),
        status=status,
        epoch=epoch,
        event_count=2,
        attempt=1,
        on_interrupted=on_interrupted,
        cancel_asked=cancel_asked,
    )
    ending = endings.rescued(lost)
    assert_legal(status, ending)
    if cancel_asked:
        assert ending.status is RunStatus.CANCELED


def test_a_run_that_finished_before_the_cancel_reached_it_succeeded() -> None:
    ending = endings.ended(claim(), RunStatus.CANCELING, SUCCEEDED, begun=True, stopped=False)
    assert ending.status is RunStatus.SUCCESS


def test_a_run_that_takes_its_launcher_down_each_time_is_not_retried_for_ever() -> None:
    killed = died(signal=9)
    tired = claim(Interruption.RETRY, endings.CLAIMS_AT_MOST)
    assert endings.ended(tired, RunStatus.STARTED, killed, begun=True, stopped=False).status is RunStatus.FAILURE
    fresh = claim(Interruption.RETRY, 1)
    assert endings.ended(fresh, RunStatus.STARTED, killed, begun=True, stopped=False).status is RunStatus.QUEUED


def test_a_segfault_is_the_runs_own_fault_also_where_the_job_says_retry() -> None:
    ending = endings.ended(claim(Interruption.RETRY), RunStatus.STARTED, died(signal=11), begun=True, stopped=False)
    assert ending.status is RunStatus.FAILURE
    assert ending.error is not None
    assert ending.error.message == "The run's process was killed by signal 11 (SIGSEGV) before it finished."


def test_a_process_that_was_lost_with_its_maker_is_not_to_blame() -> None:
    before = endings.ended(claim(), RunStatus.STARTING, died(), begun=False, stopped=False)
    assert before.status is RunStatus.QUEUED
    during = endings.ended(claim(), RunStatus.STARTED, died(), begun=True, stopped=False)
    assert during.error is not None
    assert during.error.message.startswith(
        "The run was interrupted: the run's process was lost with the process that it was forked from."
    )


def test_an_exit_code_is_told_with_a_hint() -> None:
    ending = endings.ended(claim(), RunStatus.STARTED, died(code=3), begun=True, stopped=False)
    assert ending.error is not None
    assert ending.error.message == (
        "The run's process exited with code 3 before it finished; did its code call os._exit?"
    )
