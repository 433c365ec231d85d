import pytest

from vedette.domain.logs import ErrorInfo
from vedette.hosts.attribution import (
    Ending,
    Verdict,
    describe_exit,
    judge,
    out_of_memory,
    ran_out_of_memory,
)
from vedette.hosts.children import ChildExit

BLAMED, ALONE, AGAIN = Verdict.BLAMED, Verdict.AGAIN_ALONE, Verdict.AGAIN


def verdict(ending: Ending, **facts: int) -> Verdict:
    known = {"begun": True, "overdue": False, "alone": False, "suspects": 1, "losses": 0} | facts
    return judge(
        ending,
        begun=bool(known["begun"]),
        overdue=bool(known["overdue"]),
        alone=bool(known["alone"]),
        suspects=known["suspects"],
        losses=known["losses"],
    )


@pytest.mark.parametrize(("ending", "only"), [(Ending.DIED, BLAMED), (Ending.OUT_OF_MEMORY, ALONE)])
def test_a_crash_is_blamed_on_the_only_suspect_and_cleared_up_among_several(ending: Ending, only: Verdict) -> None:
    # Memory is another matter: it may have been taken by one that has ended.
    assert verdict(ending) is only
    assert verdict(ending, suspects=2) is ALONE
    assert verdict(ending, suspects=2, begun=False) is AGAIN
    assert verdict(ending, alone=True) is BLAMED
    # Nothing had begun, as far as we were told: all are suspects.
    assert verdict(ending, suspects=0, begun=False) is ALONE
    assert verdict(ending, suspects=0, begun=False, alone=True) is BLAMED


def test_a_stall_is_never_a_failure_by_itself() -> None:
    assert verdict(Ending.STALLED) is ALONE
    assert verdict(Ending.STALLED, suspects=5) is ALONE
    assert verdict(Ending.STALLED, suspects=5, begun=False) is AGAIN


def test_only_those_past_their_deadline_are_blamed_for_it() -> None:
    assert verdict(Ending.OVERRAN, overdue=True, suspects=5) is BLAMED
    assert verdict(Ending.OVERRAN, suspects=5) is AGAIN
    assert verdict(Ending.OVERRAN, suspects=5, losses=3) is ALONE


def test_nobody_is_blamed_for_a_host_that_we_closed() -> None:
    assert verdict(Ending.CLOSED, alone=True) is AGAIN


@pytest.mark.parametrize(
    ("ended", "words"),
    [
        (ChildExit(code=3), "exited with code 3 during this evaluation"),
        (ChildExit(code=0), "exited with code 0 during this evaluation"),
        (ChildExit(signal=11), "was killed by signal 11 (SIGSEGV) during this evaluation."),
        (ChildExit(signal=9), "when memory runs out"),
        (ChildExit(signal=40), "signal 40"),
        (ChildExit(), "was lost during this evaluation"),
    ],
)
def test_how_a_process_ended_is_one_sentence(ended: ChildExit, words: str) -> None:
    message = describe_exit(ended, "this evaluation").message
    assert words in message
    assert message.startswith("The process ")
    assert message.endswith(".")


def test_a_memory_error_is_found_wherever_it_hides() -> None:
    memory = ErrorInfo("MemoryError", "")
    assert ran_out_of_memory(memory)
    assert ran_out_of_memory(ErrorInfo("ValueError", "x", (), memory))
    assert not ran_out_of_memory(ErrorInfo("ValueError", "MemoryError"))
    assert not ran_out_of_memory(None)
    assert "may take 64 MiB" in out_of_memory(64, memory).message
