"""What an evaluation that takes too long comes to, whoever stops it."""

from vedette.domain.logs import ErrorInfo

# An async evaluation is cancelled at its timeout, and has this long to comply before its process is ended.
GRACE_SECONDS = 1.0
# A host that holds resources has this long to tear them down before it is killed.
LEAVE_SECONDS = 3.0


def overran(timeout_seconds: float) -> ErrorInfo:
    """Return the error of an evaluation that was stopped at its timeout."""
    message = f"The evaluation took longer than its timeout of {timeout_seconds:g} s; it was stopped."
    return ErrorInfo("EvaluationTimeout", message)
