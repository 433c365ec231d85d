from vedette.cli.failures import OperationFailed, as_click_exception, find_failure
from vedette.client.errors import ServerUnreachable
from vedette.errors import DatabaseOutdated, InvalidTarget, PortTaken


def test_what_was_raised_on_purpose_is_found_in_a_group_of_errors() -> None:
    taken = PortTaken("Port 1 is taken.")
    nested = BaseExceptionGroup("tasks", [ValueError("other"), ExceptionGroup("inner", [taken])])
    assert find_failure(nested) is taken
    assert find_failure(taken) is taken


def test_what_nobody_expected_is_not_taken_for_a_failure() -> None:
    assert find_failure(ExceptionGroup("tasks", [ValueError("a bug")])) is None


def test_exit_codes_tell_a_wrong_call_from_work_that_failed() -> None:
    for wrong in (InvalidTarget("x"), DatabaseOutdated("x"), ServerUnreachable("x")):
        assert as_click_exception(wrong).exit_code == 2
    assert as_click_exception(OperationFailed("x")).exit_code == 1
