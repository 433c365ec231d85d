"""Ready-made alerts: sensors that tell people of runs that failed, and of sensors that fail."""

from vedette.alerts.email import make_email_on_run_failure_sensor, make_email_on_sensor_failure_sensor
from vedette.alerts.sensor_failures import ProblemKind, SensorProblem, TroublesContext, sensor_failure_sensor
from vedette.alerts.slack import make_slack_on_run_failure_sensor, make_slack_on_sensor_failure_sensor
from vedette.alerts.teams import make_teams_on_run_failure_sensor, make_teams_on_sensor_failure_sensor
from vedette.domain.troubles import SensorTrouble

__all__ = [
    "ProblemKind",
    "SensorProblem",
    "SensorTrouble",
    "TroublesContext",
    "make_email_on_run_failure_sensor",
    "make_email_on_sensor_failure_sensor",
    "make_slack_on_run_failure_sensor",
    "make_slack_on_sensor_failure_sensor",
    "make_teams_on_run_failure_sensor",
    "make_teams_on_sensor_failure_sensor",
    "sensor_failure_sensor",
]
