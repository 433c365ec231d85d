"""What each token or person may ask of one server: operations and cost a minute, operations and streams at a time.

Operations are charged before they are executed, with what they ask for; what they did not get is given back.
"""

import time
from typing import NamedTuple
from uuid import UUID

from vedette.access.authority import Authority
from vedette.access.rooms import Limit, Room, TooMany
from vedette.settings import Settings

MINUTE = 60.0
# Beyond, those that have not asked for a minute are forgotten: they have their whole quota again.
MOST_REMEMBERED = 1000

_FULL = "You have {most} {what} ({name}), as many as you may; again when one of them has ended."


class Level(NamedTuple):
    """How a quota stands: what is left of it now, and in how many seconds all of it is there again."""

    most: int
    left: int
    seconds: float


class Bucket:
    """What is left of a quota a minute: it fills steadily, and all of it may be used at once."""

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self._left = float(limit.most)
        self.at = time.monotonic()

    def take(self, amount: int) -> int:
        """Take so much, or all that there can be where that is less; return how much. Raises TooMany."""
        self._fill()
        most = self.limit.most
        wanted = min(amount, most)
        if self._left < wanted:
            seconds = max(1.0, (wanted - self._left) * MINUTE / most)
            name, _, what = self.limit
            raise TooMany(self.limit, f"You may have {most} {what} ({name}); again in {seconds:.0f} s.", seconds)
        self._left -= wanted
        return wanted

    def give_back(self, amount: int) -> None:
        """Give back what was taken and not used; less than nothing is taken besides, and then has to fill first."""
        self._left = max(-float(self.limit.most), min(float(self.limit.most), self._left + amount))

    @property
    def level(self) -> Level:
        """Return how it stands."""
        self._fill()
        most = self.limit.most
        return Level(most, max(0, int(self._left)), (most - self._left) * MINUTE / most)

    def _fill(self) -> None:
        now = time.monotonic()
        self._left = min(float(self.limit.most), self._left + (now - self.at) * self.limit.most / MINUTE)
        self.at = now


class Account:
    """What one token or person may have, and has used of it."""

    def __init__(self, authority: Authority, settings: Settings) -> None:
        def limit(name: str, what: str) -> Limit:
            own = getattr(authority.quota, name, None)
            if own is not None:
                return Limit(f"{name} of the token", own, what)
            return Limit(f"token_{name}", getattr(settings, f"token_{name}"), what)

        self.requests = Bucket(limit("requests_per_minute", "operations a minute"))
        self.cost = Bucket(limit("cost_per_minute", "objects a minute, by the sizes of pages"))
        self.operations = Room(limit("operations", "queries and mutations at a time"), _FULL)
        self.streams = Room(limit("streams", "subscriptions at a time"), _FULL)
        self.connections = Room(limit("connections", "websockets at a time"), _FULL)

    @property
    def is_idle(self) -> bool:
        """Tell whether nothing is lost when it is forgotten."""
        is_quiet = self.requests.at < time.monotonic() - MINUTE
        return is_quiet and not (self.operations.taken or self.streams.taken or self.connections.taken)


class Charge:
    """What one operation costs: what it asks for, until `settle` tells what it was given. Nothing limits no account."""

    def __init__(self, account: Account | None = None, requested: int = 0) -> None:
        """Take the cost. Raises TooMany."""
        self.account = account
        self.requested = requested
        self._taken = 0 if account is None else account.cost.take(requested)

    def settle(self, actual: int) -> None:
        """Give back what was not used, or take what was used besides."""
        if self.account is not None:
            self.account.cost.give_back(self._taken - actual)
            self._taken = actual

    @property
    def level(self) -> Level | None:
        """Return how the budget stands that it is taken from; None if nothing limits it."""
        return None if self.account is None else self.account.cost.level


class Quotas:
    """The accounts of one server. Whoever is not asked who they are has none, and nothing limits them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._accounts: dict[UUID, Account] = {}

    def of(self, authority: Authority) -> Account | None:
        """Return the account of whoever asks."""
        key = authority.account
        if key is None:
            return None
        account = self._accounts.get(key)
        if account is None:
            if len(self._accounts) >= MOST_REMEMBERED:
                self._accounts = {known: one for known, one in self._accounts.items() if not one.is_idle}
            account = self._accounts[key] = Account(authority, self._settings)
        return account
