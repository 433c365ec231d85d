"""How much each token or person may ask of a server in a minute, and how many streams they may hold."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple
from uuid import UUID

from vedette.access.authority import Authority
from vedette.domain.access import Quota
from vedette.settings import Settings
from vedette.web.admission import Full

MINUTE = 60.0
# Beyond, those that have not asked for a minute are forgotten: they have their whole quota again.
MOST_REMEMBERED = 1000


class Exceeded(Full):
    """A token or person is over a limit of their own; there is room again in so many seconds."""

    def __init__(self, limit: str, most: int, what: str, seconds: float) -> None:
        super().__init__(limit, most, what)
        self.seconds = seconds

    @property
    def sentence(self) -> str:
        """Return what to tell the client."""
        return f"You may have {self.most} {self.what} ({self.limit}); again in {self.seconds:.0f} s."


class _Limit(NamedTuple):
    """How much of something there may be; `name` is the setting that says so, or of whom it is."""

    name: str
    most: int
    what: str


class _Bucket:
    """What is left of a quota a minute: it fills steadily, and all of it may be used at once."""

    def __init__(self, limit: _Limit) -> None:
        self.limit = limit
        self._most = limit.most
        self._left = float(limit.most)
        self.at = time.monotonic()

    def take(self, amount: int) -> float:
        """Take so much; return 0, or in how many seconds there will be as much (nothing is taken then)."""
        now = time.monotonic()
        self._left = min(self._most, self._left + (now - self.at) * self._most / MINUTE)
        self.at = now
        # What is more than the whole quota has to wait until all of it is there.
        wanted = min(amount, self._most)
        if self._left < wanted:
            return max(1.0, (wanted - self._left) * MINUTE / self._most)
        self._left -= wanted
        return 0.0


_WHAT = ("operations a minute", "objects a minute, by the sizes of pages", "subscriptions at a time")


class Quotas:
    """The quotas of one server. Whoever is not asked who they are has none."""

    def __init__(self, settings: Settings) -> None:
        self._ours = {f"token_{name}": getattr(settings, f"token_{name}") for name in Quota._fields}
        self._buckets: dict[UUID, tuple[_Bucket, _Bucket]] = {}
        self._streams: Counter[UUID] = Counter()
        self._most_connections = settings.token_connections
        self._connections: Counter[UUID] = Counter()

    def charge(self, authority: Authority, cost: int) -> None:
        """Count one operation of a cost. Raises Exceeded."""
        account = authority.account
        if account is None:
            return
        buckets = self._buckets.get(account)
        if buckets is None:
            self._forget()
            requests, costs, _ = self._limits(authority)
            buckets = self._buckets[account] = _Bucket(requests), _Bucket(costs)
        for bucket, amount in zip(buckets, (1, cost), strict=True):
            seconds = bucket.take(amount)
            if seconds:
                raise Exceeded(*bucket.limit, seconds)

    @contextmanager
    def stream(self, authority: Authority) -> Iterator[None]:
        """Count a subscription while the block runs. Raises Exceeded."""
        _, _, limit = self._limits(authority)
        with _one_of(self._streams, authority.account, limit):
            yield

    @contextmanager
    def connection(self, authority: Authority) -> Iterator[None]:
        """Count a websocket while the block runs. Raises Exceeded."""
        limit = _Limit("token_connections", self._most_connections, "websockets at a time")
        with _one_of(self._connections, authority.account, limit):
            yield

    def _limits(self, authority: Authority) -> tuple[_Limit, ...]:
        """Return what they may have: what is said of their token, else what the settings say."""
        return tuple(
            _Limit(setting, most, what) if own is None else _Limit(f"{name} of the token", own, what)
            for (setting, most), (name, own), what in zip(
                self._ours.items(), authority.quota._asdict().items(), _WHAT, strict=True
            )
        )

    def _forget(self) -> None:
        if len(self._buckets) >= MOST_REMEMBERED:
            since = time.monotonic() - MINUTE
            self._buckets = {key: found for key, found in self._buckets.items() if found[0].at > since}


@contextmanager
def _one_of(counted: "Counter[UUID]", account: UUID | None, limit: _Limit) -> Iterator[None]:
    """Count one more of an account while the block runs; of whoever is not known nothing is counted."""
    if account is None:
        yield
        return
    if counted[account] >= limit.most:
        raise Exceeded(*limit, 1.0)
    counted[account] += 1
    try:
        yield
    finally:
        counted[account] -= 1
        if not counted[account]:
            del counted[account]
