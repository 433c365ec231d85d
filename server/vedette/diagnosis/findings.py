"""Findings: what was looked at, how it is, and the remedy where it is not as it should be."""

import enum
from typing import NamedTuple


class Severity(enum.StrEnum):
    """How bad it is: a PROBLEM stops work or endangers it; a WARNING will, or may."""

    OK = "OK"
    WARNING = "WARNING"
    PROBLEM = "PROBLEM"


class Finding(NamedTuple):
    """What was found about `check`: one sentence, and for all but OK what to do."""

    check: str
    severity: Severity
    message: str
    remedy: str | None = None


def ok(check: str, message: str) -> Finding:
    """It is as it should be."""
    return Finding(check, Severity.OK, message)


def warning(check: str, message: str, remedy: str) -> Finding:
    """It works, and may not for long."""
    return Finding(check, Severity.WARNING, message, remedy)


def problem(check: str, message: str, remedy: str) -> Finding:
    """It does not work, or loses what it should keep."""
    return Finding(check, Severity.PROBLEM, message, remedy)
