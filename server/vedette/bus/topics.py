"""What one can knock about. A topic says where to look again, never what happened."""

SENSORS = "sensors"
TICKS = "ticks"
RUNS = "runs"
EVALUATIONS = "evaluations"
CODE_LOCATIONS = "code_locations"

_RUN_EVENTS = "run/"


def run_events(run_id: object) -> str:
    """The topic of one run's events."""
    return f"{_RUN_EVENTS}{run_id}"
