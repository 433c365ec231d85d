"""Alerts to a Microsoft Teams channel, by the address of an incoming webhook or workflow."""

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

SECONDS = 60.0
CARD = "application/vnd.microsoft.card.adaptive"


class _Webhook:
    """One webhook; its address is a secret."""

    def __init__(
        self, url: str, http_proxy: str | None, https_proxy: str | None, timeout: float, verify: bool | str | None
    ) -> None:
        self._url = Secret("hook_url", url)
        self._proxies = {
            scheme: proxy for scheme, proxy in (("http", http_proxy), ("https", https_proxy)) if proxy is not None
        }
        self._timeout = timeout
        self._verify = verify

    def send(self, body: Sequence[dict[str, Any]], actions: Sequence[dict[str, Any]] = ()) -> None:
        """Post an adaptive card. Raises AlertNotSent, RetryAfter."""
        content = {
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "type": "AdaptiveCard",
            "version": "1.4",
            "body": list(body),
            "actions": list(actions),
        }
        service = Service("Microsoft Teams", self._url.reveal(), self._timeout, self._proxies, self._verify)
        service.post({"type": "message", "attachments": [{"contentType": CARD, "content": content}]})


def _text(text: str, **style: Any) -> dict[str, Any]:
    return {"type": "TextBlock", "text": text, "wrap": True, **style}


def _show(url: str | None) -> list[dict[str, Any]]:
    return [{"type": "Action.OpenUrl", "title": "Show the run", "url": url}] if url else []


def make_teams_on_run_failure_sensor(
    hook_url: str,
    message_fn: Callable[[RunFailureSensorContext], str] = failure_text,
    http_proxy: str | None = None,
    https_proxy: str | None = None,
    timeout: float | None = SECONDS,
    verify: bool | str | None = None,
    name: str | None = None,
    dagit_base_url: str | None = None,
    monitored_jobs: Iterable[Monitored] | None = None,
    job_selection: Iterable[Monitored] | None = None,
    monitor_all_code_locations: bool | None = None,
    default_status: SensorStatus = SensorStatus.STOPPED,
    monitor_all_repositories: bool | None = None,
    webserver_base_url: str | None = None,
    **options: Any,
) -> RunFailureSensorDefinition:
    """Make a sensor that posts to a Microsoft Teams channel when a run fails.

    hook_url: the address of the channel's incoming webhook or workflow, as text or as an `EnvVar`; it is never shown.
    message_fn: makes the text of the run's context.
    http_proxy, https_proxy: addresses of proxies; else those of the environment. verify: False takes any certificate,
        a path names a bundle of those to trust. timeout: seconds.
    webserver_base_url: the server's address, for a link to the run. `dagit_base_url` is its old name.
    The others, and other options, are those of `run_failure_sensor`: a message that could not be sent is sent again as
    that says. If the process dies between the sending and the commit, the message is sent twice.

    Raises DefinitionError.
    """
    hook = _Webhook(hook_url, http_proxy, https_proxy, timeout or SECONDS, verify)
    base_url = webserver_base_url or dagit_base_url

    @run_failure_sensor(
        name=name or "teams_on_run_failure",
        description="Posts to Microsoft Teams when a run fails.",
        monitored_jobs=monitored_jobs,
        job_selection=job_selection,
        monitor_all_code_locations=monitor_all_code_locations,
        default_status=default_status,
        monitor_all_repositories=monitor_all_repositories,
        **options,
    )
    def teams_on_run_failure(context: RunFailureSensorContext) -> None:
        text = checked_text(message_fn(context), "message_fn")
        about = {"type": "FactSet", "facts": [{"title": key, "value": value} for key, value in facts(context).items()]}
        body = [
            _text(text, weight="Bolder", size="Medium", color="Attention"),
            about,
            _text(failure_reason(context), fontType="Monospace"),
        ]
        hook.send(body, _show(run_url(context, base_url)))

    return teams_on_run_failure


def make_teams_on_sensor_failure_sensor(
    hook_url: str,
    message_fn: Callable[[Sequence[SensorProblem]], str] = told,
    http_proxy: str | None = None,
    https_proxy: str | None = None,
    timeout: float | None = SECONDS,
    verify: bool | str | None = None,
    name: str | None = None,
    **options: Any,
) -> SensorDefinition:
    """Make a sensor that posts to a Microsoft Teams channel when a sensor begins to fail, pauses itself or is overdue.

    The options are those of `make_teams_on_run_failure_sensor` and of `sensor_failure_sensor`; `message_fn` takes all
    that is new, which is one message. Raises DefinitionError.
    """
    hook = _Webhook(hook_url, http_proxy, https_proxy, timeout or SECONDS, verify)

    def send(problems: Sequence[SensorProblem]) -> None:
        hook.send(
            [
                _text(checked_text(message_fn(problems), "message_fn"), weight="Bolder"),
                *(_text(problem.message) for problem in problems[:50] if problem.message),
            ]
        )

    description = "Posts to Microsoft Teams when a sensor fails, is paused or is overdue."
    return sensor_failure_sensor(send, name or "teams_on_sensor_failure", description=description, **options)
