"""When an op that raised is tried again, and how an op says so itself."""

import enum
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vedette.authoring.text import as_json, shown
from vedette.errors import DefinitionError, InvalidResult, VedetteError

LONGEST_DELAY_SECONDS = 24 * 3600.0


class Backoff(enum.Enum):
    """How the delay grows: with the number of tries, or doubling with each."""

    LINEAR = "LINEAR"
    EXPONENTIAL = "EXPONENTIAL"


class Jitter(enum.Enum):
    """How chance changes the delay: anything up to it, or up to one base delay more or less."""

    FULL = "FULL"
    PLUS_MINUS = "PLUS_MINUS"


@dataclass(frozen=True)
class RetryPolicy:
    """Try an op that raised up to `max_retries` times more, each after `delay` seconds (0 unless given).

    Raises DefinitionError for numbers below 0, and for a backoff or jitter without a delay.
    """

    max_retries: int = 1
    delay: float | None = None
    backoff: Backoff | None = None
    jitter: Jitter | None = None

    def __post_init__(self) -> None:
        """Check the fields."""
        if not _is_count(self.max_retries):
            raise DefinitionError(
                f"max_retries of a RetryPolicy is a whole number, 0 or more, not {shown(self.max_retries)}."
            )
        if self.delay is not None and not _is_seconds(self.delay):
            raise DefinitionError(f"delay of a RetryPolicy is a number of seconds, 0 or more, not {shown(self.delay)}.")
        for name, kind in (("backoff", Backoff), ("jitter", Jitter)):
            value = getattr(self, name)
            if value is not None and not isinstance(value, kind):
                raise DefinitionError(f"{name} of a RetryPolicy is a {kind.__name__}, not {shown(value)}.")
            if value is not None and self.delay is None:
                raise DefinitionError(f"{name} of a RetryPolicy changes its delay: give it one with delay=.")

    def seconds_before(self, retry: int) -> float:
        """Return how long to wait before the retry of this number (1, 2, …), at most 24 h."""
        base = self.delay or 0.0
        delay = base
        if self.backoff is Backoff.EXPONENTIAL:
            # Beyond 2 ** 64 it is as long as it may be anyway.
            delay = base * (2.0 ** min(retry, 64) - 1)
        elif self.backoff is Backoff.LINEAR:
            delay = base * retry
        if self.jitter is Jitter.FULL:
            delay *= random.random()
        elif self.jitter is Jitter.PLUS_MINUS:
            delay += (2 * random.random() - 1) * base
        return min(max(delay, 0.0), LONGEST_DELAY_SECONDS)


class RetryRequested(VedetteError):
    """Raised by an op to be tried again, up to `max_retries` times in all, after `seconds_to_wait` (0 unless given).

    Raises InvalidResult for numbers below 0.
    """

    def __init__(self, max_retries: int = 1, seconds_to_wait: float | None = None) -> None:
        """Take how often, and how long to wait."""
        if not _is_count(max_retries):
            raise InvalidResult(f"max_retries of RetryRequested is a whole number, not {shown(max_retries)}.")
        if seconds_to_wait is not None and not _is_seconds(seconds_to_wait):
            raise InvalidResult(
                f"seconds_to_wait of RetryRequested is a number of seconds, not {shown(seconds_to_wait)}."
            )
        super().__init__("The op asks to be tried again.")
        self.max_retries = max_retries
        self.seconds_to_wait = min(float(seconds_to_wait or 0.0), LONGEST_DELAY_SECONDS)


class Failure(VedetteError):
    """Raised by an op to fail with a description and metadata; with `allow_retries=False` it is not tried again.

    Raises InvalidResult for metadata that are not JSON.
    """

    def __init__(
        self,
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        allow_retries: bool | None = None,
    ) -> None:
        """Take what to tell people, and values to be shown with the failure."""
        super().__init__(description or "The op says that it failed.")
        self.description = description
        try:
            self.metadata: dict[str, Any] = as_json(dict(metadata or {}))
        except (TypeError, ValueError) as error:
            raise InvalidResult(f"The metadata of a Failure {error}.") from None
        self.allow_retries = allow_retries is not False


def retry_after(exception: BaseException, policy: RetryPolicy | None, retries: int) -> tuple[int, float] | None:
    """Return (how many retries there are in all, seconds to wait) where an op is tried again; None where not.

    `retries` counts those that there were.
    """
    if isinstance(exception, RetryRequested):
        most, seconds = exception.max_retries, exception.seconds_to_wait
    elif (
        policy is None
        or not isinstance(exception, Exception)
        or (isinstance(exception, Failure) and not exception.allow_retries)
    ):
        return None
    else:
        most, seconds = policy.max_retries, policy.seconds_before(retries + 1)
    return (most, seconds) if retries < most else None


def checked_policy(owner: str, policy: object) -> RetryPolicy | None:
    """Return a retry policy; raises DefinitionError for anything else."""
    if policy is not None and not isinstance(policy, RetryPolicy):
        raise DefinitionError(f"The retry policy of {owner} is a RetryPolicy, not {shown(policy)}.")
    return policy


def _is_seconds(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
