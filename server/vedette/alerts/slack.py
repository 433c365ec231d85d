"""Alerts to a Slack channel."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from vedette.alerts.posting import Service
from vedette.alerts.run_failures import checked_text, facts, failure_reason, failure_text, run_url
from vedette.alerts.secrets import Secret
from vedette.alerts.sensor_failures import SensorProblem, sensor_failure_sensor, told
from vedette.authoring.run_monitors import Monitored
from vedette.authoring.run_status_contexts import RunFailureSensorContext
from vedette.authoring.run_status_sensors import RunFailureSensorDefinition, run_failure_sensor
from vedette.authoring.sensors import SensorDefinition
from vedette.domain.catalog import SensorStatus
from vedette.errors import AlertNotSent

SLACK_API = "https://slack.com/api"
# What Slack takes in one block of text.
MOST_CHARACTERS = 3000

Blocks = Sequence[dict[str, Any]]


class _Channel:
    """One channel, as one bot."""

    def __init__(self, channel: str, token: str, api_url: str) -> None:
        self._channel = channel
        self._token = Secret("slack_token", token)
        self._service = Service("Slack", f"{api_url.rstrip('/')}/chat.postMessage")

    def send(self, text: str, blocks: Blocks) -> None:
        """Post a message; `text` is what notifications show. Raises AlertNotSent, RetryAfter."""
        body = {"channel": self._channel, "text": text, "blocks": list(blocks)}
        answer = self._service.post(body, {"Authorization": f"Bearer {self._token.reveal()}"})
        if not isinstance(answer, dict) or not answer.get("ok"):
            reason = answer.get("error") if isinstance(answer, dict) else "an answer that is not Slack's"
            raise AlertNotSent(f"Slack refused the message to {self._channel}: {reason}.")


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text[:MOST_CHARACTERS]}}


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _run_blocks(context: RunFailureSensorContext, text: str, webserver_base_url: str | None) -> Blocks:
    about = "\n".join(f"*{name}*: {_escaped(value)}" for name, value in facts(context).items())
    url = run_url(context, webserver_base_url)
    blocks = [_section(f"*{_escaped(text)}*\n{about}"), _section(f"```{_escaped(failure_reason(context))}```")]
    return [*blocks, _section(f"<{url}|Show the run>")] if url else blocks


def make_slack_on_run_failure_sensor(
    channel: str,
    slack_token: str,
    text_fn: Callable[[RunFailureSensorContext], str] = failure_text,
    blocks_fn: Callable[[RunFailureSensorContext], Blocks] | None = None,
    name: str | None = None,
    dagit_base_url: str | None = None,
    minimum_interval_seconds: float | None = None,
    monitored_jobs: Iterable[Monitored] | None = None,
    job_selection: Iterable[Monitored] | None = None,
    monitor_all_code_locations: bool | None = None,
    default_status: SensorStatus = SensorStatus.STOPPED,
    webserver_base_url: str | None = None,
    monitor_all_repositories: bool | None = None,
    slack_api_url: str = SLACK_API,
    **options: Any,
) -> RunFailureSensorDefinition:
    """Make a sensor that posts to a Slack channel when a run fails.

    slack_token: of a bot with `chat:write`, as text or as `EnvVar("SLACK_TOKEN")`; it is never shown.
    text_fn: makes the text of the run's context; blocks_fn: makes the blocks, instead of those that are made of it.
    webserver_base_url: the server's address, for a link to the run. `dagit_base_url` is its old name.
    slack_api_url: where Slack's API is.
    The others, and other options, are those of `run_failure_sensor`: a message that could not be sent is sent again as
    that says. If the process dies between the sending and the commit, the message is sent twice.

    Raises DefinitionError.
    """
    to = _Channel(channel, slack_token, slack_api_url)
    base_url = webserver_base_url or dagit_base_url

    @run_failure_sensor(
        name=name or "slack_on_run_failure",
        minimum_interval_seconds=minimum_interval_seconds,
        description=f"Posts to {channel} on Slack when a run fails.",
        monitored_jobs=monitored_jobs,
        job_selection=job_selection,
        monitor_all_code_locations=monitor_all_code_locations,
        default_status=default_status,
        monitor_all_repositories=monitor_all_repositories,
        **options,
    )
    def slack_on_run_failure(context: RunFailureSensorContext) -> None:
        text = checked_text(text_fn(context), "text_fn")
        to.send(text, blocks_fn(context) if blocks_fn else _run_blocks(context, text, base_url))

    return slack_on_run_failure


def _problem_blocks(problems: Sequence[SensorProblem]) -> Blocks:
    return [_section(f"*{_escaped(problem.headline)}*\n{_escaped(problem.message)}") for problem in problems[:50]]


def make_slack_on_sensor_failure_sensor(
    channel: str,
    slack_token: str,
    text_fn: Callable[[Sequence[SensorProblem]], str] = told,
    blocks_fn: Callable[[Sequence[SensorProblem]], Blocks] | None = None,
    name: str | None = None,
    slack_api_url: str = SLACK_API,
    **options: Any,
) -> SensorDefinition:
    """Make a sensor that posts to a Slack channel when a sensor begins to fail, pauses itself or is overdue.

    The options are those of `make_slack_on_run_failure_sensor` and of `sensor_failure_sensor`; the functions take all
    that is new, which is one message. Raises DefinitionError.
    """
    to = _Channel(channel, slack_token, slack_api_url)

    def send(problems: Sequence[SensorProblem]) -> None:
        text = checked_text(text_fn(problems), "text_fn")
        to.send(text, blocks_fn(problems) if blocks_fn else _problem_blocks(problems))

    description = f"Posts to {channel} on Slack when a sensor fails, is paused or is overdue."
    return sensor_failure_sensor(send, name or "slack_on_sensor_failure", description=description, **options)
