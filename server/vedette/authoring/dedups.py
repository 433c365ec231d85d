"""For how long a run key of a run request holds off others: what authors may say, checked."""

from datetime import timedelta

from vedette.authoring.text import shown
from vedette.domain.run_keys import LONGEST_TTL_SECONDS, Dedup
from vedette.errors import InvalidResult

_WORDS = {dedup.value.lower(): dedup for dedup in Dedup if dedup is not Dedup.TTL}


def checked_dedup(dedup: object, run_key: str | None) -> Dedup | timedelta:
    """Return the `dedup` of a run request: a Dedup, or how long as a timedelta. Raises InvalidResult."""
    if isinstance(dedup, timedelta):
        found: Dedup | timedelta = _checked_time(dedup)
    elif isinstance(dedup, str) and dedup.lower() in _WORDS:
        found = _WORDS[dedup.lower()]
    else:
        words = ", ".join(f'"{word}"' for word in _WORDS)
        raise InvalidResult(f"The dedup of a RunRequest is one of {words}, or a timedelta, not {shown(dedup)}.")
    if run_key is None and found is not Dedup.FOREVER:
        raise InvalidResult("The dedup of a RunRequest says for how long its run_key counts; give it a run_key too.")
    return found


def _checked_time(ttl: timedelta) -> timedelta:
    if not 0 < ttl.total_seconds() <= LONGEST_TTL_SECONDS:
        raise InvalidResult(f"The dedup of a RunRequest is a time above 0 and at most 1000 years, not {shown(ttl)}.")
    return ttl


def as_data(dedup: Dedup | timedelta) -> tuple[Dedup, float | None]:
    """Return a checked dedup as its kind and, for TTL, its seconds."""
    return (Dedup.TTL, dedup.total_seconds()) if isinstance(dedup, timedelta) else (dedup, None)
