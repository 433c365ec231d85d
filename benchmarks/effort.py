"""How much is measured: the full form for the documents, and a short one that takes minutes."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Effort:
    """Sizes of the work and lengths of the windows. What the incumbent needs long for, it is asked for less often."""

    seconds: float
    incumbent_seconds: float
    requests: int
    files: int
    incumbent_files: int
    runs: int
    incumbent_runs: int
    slow_seconds: float
    others: int
    stuck_seconds: float
    starts: int
    incumbent_starts: int
    pages: int
    history_ticks: int
    history_runs: int


FULL = Effort(
    seconds=20,
    incumbent_seconds=45,
    requests=1_000,
    files=100,
    incumbent_files=10,
    runs=1_000,
    incumbent_runs=20,
    slow_seconds=90,
    others=1_000,
    stuck_seconds=120,
    starts=5,
    incumbent_starts=3,
    pages=200,
    history_ticks=10_000_000,
    history_runs=1_000_000,
)

SHORT = Effort(
    seconds=5,
    incumbent_seconds=10,
    requests=50,
    files=20,
    incumbent_files=2,
    runs=100,
    incumbent_runs=4,
    slow_seconds=45,
    others=50,
    stuck_seconds=20,
    starts=1,
    incumbent_starts=1,
    pages=20,
    history_ticks=100_000,
    history_runs=10_000,
)
