"""What one can knock about. A topic says where to look again, never what happened."""

SENSORS = "sensors"
# Of the changes of sensors, those that somebody made: evaluators know of those that they make themselves.
EDITS = "edits"
TICKS = "ticks"
RUNS = "runs"
# Two of what a change of a run may mean besides, for those who would look in vain after most changes: runs wait for a
# launcher; runs are to be cancelled.
QUEUE = "queue"
CANCELS = "cancels"
# An evaluation was asked for; one was answered.
EVALUATIONS = "evaluations"
ANSWERS = "answers"
CODE_LOCATIONS = "code_locations"
# Something happened to assets.
ASSETS = "assets"
# A token was revoked or a session ended: what is remembered of them is to be asked anew.
ACCESS = "access"
# The audit log has grown.
AUDIT = "audit"

_RUN_EVENTS = "run/"
_PULSE = "pulse/"
_TICK_LOGS = "tick/"


def pulse(sensor_id: object) -> str:
    """The topic of one sensor's ticks, those included that no stream tells; knocked on within one server alone."""
    return f"{_PULSE}{sensor_id}"


def run_events(run_id: object) -> str:
    """The topic of one run's events."""
    return f"{_RUN_EVENTS}{run_id}"


def tick_logs(tick_id: object) -> str:
    """The topic of one tick's log lines."""
    return f"{_TICK_LOGS}{tick_id}"
