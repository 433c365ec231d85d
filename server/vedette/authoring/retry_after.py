"""A failure that knows when to be tried again."""

from vedette.authoring.text import shown
from vedette.domain.failure_policy import LONGEST_RETRY_AFTER_SECONDS, shown_seconds
from vedette.errors import InvalidResult, VedetteError


class RetryAfter(VedetteError):
    """Raised by a sensor whose source said when to come back, as HTTP does with 429 or 503 and `Retry-After`.

    The tick is a failure like any other, but the sensor is due again after exactly `seconds`, at most 24 h, also where
    that is sooner than its interval. Raises InvalidResult for seconds that are below 0 or no number.
    """

    def __init__(self, seconds: float, message: str | None = None) -> None:
        """Take seconds from now, and what to tell people."""
        if not _is_delay(seconds):
            raise InvalidResult(f"RetryAfter takes a number of seconds, 0 or more, not {shown(seconds)}.")
        if message is not None and not isinstance(message, str):
            raise InvalidResult(f"The message of RetryAfter is a str, not {shown(message)}.")
        self.seconds = float(min(seconds, LONGEST_RETRY_AFTER_SECONDS))
        limit = ", the longest it may" if seconds > LONGEST_RETRY_AFTER_SECONDS else ""
        said = f"{message} " if message else ""
        super().__init__(f"{said}(It asks to be tried again after {shown_seconds(self.seconds)}{limit}.)")

    def __reduce__(self) -> tuple[type["RetryAfter"], tuple[float], dict[str, object]]:
        """Copy and pickle it; by default that would pass the text for the seconds."""
        return type(self), (self.seconds,), {"args": self.args}


def _is_delay(value: object) -> bool:
    # Not `value < 0`: NaN is neither below 0 nor above.
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def retry_after_of(exception: BaseException) -> float | None:
    """Return the seconds that `exception` asks to wait, None where it asks for nothing."""
    return exception.seconds if isinstance(exception, RetryAfter) else None
