"""How much each token or person may ask of a server in a minute, and how many streams they may hold."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from vedette.access.authority import Authority
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


class _Bucket:
    """What is left of a quota a minute: it fills steadily, and all of it may be used at once."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._left = float(most)
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


class Quotas:
    """The quotas of one server. Whoever is not asked who they are has none."""

    def __init__(self, settings: Settings) -> None:
        self._most_streams = settings.token_streams
        self._a_minute = (
            ("token_requests_per_minute", settings.token_requests_per_minute, "operations a minute"),
            ("token_cost_per_minute", settings.token_cost_per_minute, "objects a minute, by the sizes of pages"),
        )
        self._buckets: dict[UUID, tuple[_Bucket, ...]] = {}
        self._streams: dict[UUID, int] = {}

    def charge(self, authority: Authority, cost: int) -> None:
        """Count one operation of a cost. Raises Exceeded."""
        if authority.key is None:
            return
        if authority.key not in self._buckets:
            self._forget()
            self._buckets[authority.key] = tuple(_Bucket(most) for _, most, _ in self._a_minute)
        for bucket, amount, (limit, most, what) in zip(
            self._buckets[authority.key], (1, cost), self._a_minute, strict=True
        ):
            seconds = bucket.take(amount)
            if seconds:
                raise Exceeded(limit, most, what, seconds)

    @contextmanager
    def stream(self, authority: Authority) -> Iterator[None]:
        """Count a subscription while the block runs. Raises Exceeded."""
        key = authority.key
        if key is None:
            yield
            return
        if self._streams.get(key, 0) >= self._most_streams:
            raise Exceeded("token_streams", self._most_streams, "subscriptions at a time", 1.0)
        self._streams[key] = self._streams.get(key, 0) + 1
        try:
            yield
        finally:
            self._streams[key] -= 1
            if not self._streams[key]:
                del self._streams[key]

    def _forget(self) -> None:
        if len(self._buckets) >= MOST_REMEMBERED:
            since = time.monotonic() - MINUTE
            self._buckets = {key: found for key, found in self._buckets.items() if found[0].at > since}
