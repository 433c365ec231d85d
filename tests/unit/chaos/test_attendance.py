"""Attendance: only the time without any evaluator is taken off."""

from chaos.attendance import Attendance


def noted(*moments: tuple[float, bool]) -> Attendance:
    attendance = Attendance()
    for at, is_attended in moments:
        attendance.noted(at, is_attended=is_attended)
    return attendance


def test_all_time_counts_while_somebody_is_at_work() -> None:
    assert noted((0, True), (5, True)).attended_seconds(1, 4) == 3


def test_only_the_time_without_anybody_is_taken_off() -> None:
    attendance = noted((0, True), (10, False), (11, False), (16, True), (30, False), (32, True))
    assert attendance.attended_seconds(9, 20) == 5
    assert attendance.attended_seconds(12, 15) == 0
    assert attendance.attended_seconds(9, 40) == 23
    assert attendance.attended_seconds(17, 29) == 12


def test_nobody_may_be_there_at_the_beginning_and_at_the_end() -> None:
    attendance = noted((0, False), (2, True), (10, False))
    assert attendance.attended_seconds(1, 3) == 1
    assert attendance.attended_seconds(9, 12) == 1
