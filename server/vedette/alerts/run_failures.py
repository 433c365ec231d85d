"""What an alert says about a run that failed."""

import base64
from collections.abc import Callable

from vedette.authoring.run_status_contexts import RunFailureSensorContext
from vedette.domain.events import RunEvent
from vedette.errors import InvalidResult

MOST_CHARACTERS = 1000

Text = Callable[[RunFailureSensorContext], str]


def run_url(context: RunFailureSensorContext, webserver_base_url: str | None) -> str | None:
    """Return the address of the run's page; None without the server's address."""
    if webserver_base_url is None:
        return None
    key = base64.urlsafe_b64encode(f"Run:{context.run.id}".encode()).decode().rstrip("=")
    return f"{webserver_base_url.rstrip('/')}/runs/{key}"


def failure_text(context: RunFailureSensorContext) -> str:
    """Return the first line of an alert."""
    return f'Job "{context.run.job_name}" failed.'


def failure_reason(context: RunFailureSensorContext) -> str:
    """Return why the run failed: by step where steps did, in at most a thousand characters."""
    failed = [f"{event.step}: {_told(event)}" for event in context.get_step_failure_events()]
    text = "\n".join(failed) or _told(context.failure_event)
    return text if len(text) <= MOST_CHARACTERS else text[: MOST_CHARACTERS - 1] + "\N{HORIZONTAL ELLIPSIS}"


def _told(event: RunEvent) -> str:
    if event.error is not None:
        return f"{event.error.type}: {event.error.message}"
    return event.message or "It failed."


def facts(context: RunFailureSensorContext) -> dict[str, str]:
    """Return what else there is to know about the run, by name."""
    run = context.run
    found = {"Run": str(run.id), "Job": run.job_name, "Code location": run.code_location}
    if run.partition_key is not None:
        found["Partition"] = run.partition_key
    if run.run_key is not None:
        found["Run key"] = run.run_key
    return found


def checked_text(text: object, what: str) -> str:
    """Return what an author's function made; raises InvalidResult where it is no text."""
    if not isinstance(text, str):
        raise InvalidResult(f"The {what} of an alert returns a str, not {type(text).__name__}.")
    return text
