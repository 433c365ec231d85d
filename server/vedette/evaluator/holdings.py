"""What this evaluator holds: shards with their epochs, and until when it may rely on them."""

from collections.abc import Collection, Mapping

# Trust ends this long before the lease does, so that clocks and slow answers cannot make two holders of one shard.
MARGIN_SECONDS = 1.0
MARGIN_SHARE = 0.25


class Holdings:
    """Leases as last renewed. A shard is `ready` once its orphans are closed and its sensors are loaded."""

    def __init__(self, lease_seconds: float) -> None:
        self._trust_seconds = lease_seconds - min(MARGIN_SECONDS, MARGIN_SHARE * lease_seconds)
        self._trusted_until = float("-inf")
        self.epochs: dict[int, int] = {}
        self.ready: dict[int, int] = {}
        self.leaving: frozenset[int] = frozenset()

    def renewed(self, epochs: Mapping[int, int], began: float) -> None:
        """Take in a renewal that began at the monotonic time `began` and found these shard → epoch."""
        self.epochs = dict(epochs)
        self._trusted_until = began + self._trust_seconds
        self.ready = {shard: epoch for shard, epoch in self.ready.items() if epochs.get(shard) == epoch}
        self.leaving &= frozenset(epochs)

    def has_lapsed(self, now: float) -> bool:
        """Tell whether the leases were held and are no longer to be relied on."""
        return bool(self.epochs) and now >= self._trusted_until

    def trusts(self, shard: int, epoch: int, now: float) -> bool:
        """Tell whether work begun under this epoch may go on and be committed."""
        return now < self._trusted_until and self.epochs.get(shard) == epoch

    def seconds_left(self, now: float) -> float:
        """Return for how long the leases may still be relied on."""
        return max(0.0, self._trusted_until - now)

    def may_begin(self, shard: int, now: float) -> int | None:
        """Return the epoch under which an evaluation of the shard may begin now; None when it may not."""
        if shard in self.leaving or now >= self._trusted_until:
            return None
        return self.ready.get(shard)

    def unready(self) -> list[tuple[int, int]]:
        """Return the (shard, epoch) pairs that were taken and are not ready yet."""
        return [(shard, epoch) for shard, epoch in self.epochs.items() if self.ready.get(shard) != epoch]

    def made_ready(self, pairs: Collection[tuple[int, int]]) -> None:
        """Take in that the orphans of these are closed and their sensors loaded."""
        self.ready.update((shard, epoch) for shard, epoch in pairs if self.epochs.get(shard) == epoch)
