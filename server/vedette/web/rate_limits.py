"""The fields RateLimit-Policy and RateLimit (draft-ietf-httpapi-ratelimit-headers): what one may ask, and what is left.

Both are lists of structured fields (RFC 9651). `q` is the quota, `qu` its unit, `w` the window in seconds; `r` is what
is left, `t` the seconds until all of it is there again. The unit `objects` is ours, the others are the draft's.
"""

import math
from collections.abc import Iterator
from functools import lru_cache

from vedette.access.quotas import MINUTE, Account, Level

POLICY, STATE = "ratelimit-policy", "ratelimit"


def headers(account: Account | None) -> dict[str, str]:
    """Return the fields of an answer; none where nothing limits whoever asks."""
    if account is None:
        return {}
    requests, cost, room = account.requests.level, account.cost.level, account.operations
    return {
        POLICY: _policy(requests.most, cost.most, room.limit.most),
        STATE: ", ".join(_state(requests, cost, room.limit.most - room.taken)),
    }


@lru_cache(64)
def _policy(requests: int, cost: int, operations: int) -> str:
    window = f"w={MINUTE:.0f}"
    return (
        f'"requests";q={requests};{window}, "cost";q={cost};qu="objects";{window}, '
        f'"operations";q={operations};qu="concurrent-requests"'
    )


def _state(requests: Level, cost: Level, operations: int) -> Iterator[str]:
    for name, level in (("requests", requests), ("cost", cost)):
        yield f'"{name}";r={level.left};t={math.ceil(level.seconds)}'
    yield f'"operations";r={operations}'
