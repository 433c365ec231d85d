"""What one can knock about. A topic says where to look again, never what happened."""

SENSORS = "sensors"
TICKS = "ticks"
RUNS = "runs"
EVALUATIONS = "evaluations"
CODE_LOCATIONS = "code_locations"

_RUN_EVENTS = "run/"
_TICK_LOGS = "tick/"


def run_events(run_id: object) -> str:
    """The topic of one run's events."""
    return f"{_RUN_EVENTS}{run_id}"


def tick_logs(tick_id: object) -> str:
    """The topic of one tick's log lines."""
    return f"{_TICK_LOGS}{tick_id}"
