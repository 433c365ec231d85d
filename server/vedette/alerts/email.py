"""Alerts by e-mail: SMTP with TLS, text and HTML."""

import html
import smtplib
import ssl
from collections.abc import Callable, Iterable, Sequence
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Any, Literal
from uuid import NAMESPACE_OID, uuid5

from vedette.alerts.run_failures import checked_text, facts, failure_reason, failure_text, run_url
from vedette.alerts.secrets import Secret
from vedette.alerts.sensor_failures import SensorProblem, sensor_failure_sensor, told
from vedette.authoring.run_monitors import Monitored
from vedette.authoring.run_status_contexts import RunFailureSensorContext
from vedette.authoring.run_status_sensors import RunFailureSensorDefinition, run_failure_sensor
from vedette.authoring.sensors import SensorDefinition
from vedette.authoring.text import shown
from vedette.domain.catalog import SensorStatus
from vedette.errors import AlertNotSent, DefinitionError

SECONDS = 30.0
PORTS = {"SSL": 465, "STARTTLS": 587, "PLAIN": 25}
SmtpType = Literal["SSL", "STARTTLS", "PLAIN"]


class _Mailbox:
    """From whom, to whom, and by which server."""

    def __init__(
        self,
        sender: str,
        password: str | None,
        recipients: Iterable[str],
        host: str,
        kind: str,
        port: int | None,
        user: str | None,
        context: ssl.SSLContext | None,
    ) -> None:
        if kind not in PORTS:
            raise DefinitionError(f"The smtp_type of an alert is one of {', '.join(PORTS)}, not {shown(kind)}.")
        if isinstance(recipients, str):
            raise DefinitionError("The email_to of an alert is a list of addresses, not one text.")
        self._sender = sender
        self._password = None if password is None else Secret("email_password", password)
        self._recipients = list(recipients)
        self._host = host
        self._kind = kind
        self._port = port or PORTS[kind]
        self._user = user or sender
        self._context = context

    def send(self, subject: str, text: str, as_html: str, key: str | None = None) -> None:
        """Send one message to all; raises AlertNotSent.

        `key` is what it tells of: the same key gives the same Message-ID, by which mail servers and readers know a
        message that they have already.
        """
        message = EmailMessage()
        message["From"], message["To"] = self._sender, ", ".join(self._recipients)
        message["Subject"] = " ".join(subject.split())
        message["Date"] = formatdate()
        domain = self._sender.rpartition("@")[2] or "vedette"
        message["Message-ID"] = f"<{uuid5(NAMESPACE_OID, key)}@{domain}>" if key else make_msgid(domain=domain)
        message.set_content(text)
        message.add_alternative(as_html, subtype="html")
        try:
            with self._connected() as server:
                if self._password is not None:
                    server.login(self._user, self._password.reveal())
                refused = server.send_message(message)
        except smtplib.SMTPAuthenticationError as error:
            # What the server says may repeat what it was sent.
            raise AlertNotSent(
                f"{self._host} refused the user {self._user} or its password ({error.smtp_code})."
            ) from None
        except (OSError, smtplib.SMTPException) as error:
            raise AlertNotSent(f"{self._host}:{self._port} did not take the e-mail: {_reason(error)}.") from None
        if refused:
            raise AlertNotSent(f"{self._host} took the e-mail, but not for {', '.join(refused)}.")

    def _connected(self) -> smtplib.SMTP:
        if self._kind == "SSL":
            context = self._context or ssl.create_default_context()
            return smtplib.SMTP_SSL(self._host, self._port, timeout=SECONDS, context=context)
        server = smtplib.SMTP(self._host, self._port, timeout=SECONDS)
        if self._kind == "STARTTLS":
            try:
                server.starttls(context=self._context or ssl.create_default_context())
            except BaseException:
                server.close()
                raise
        return server


def _reason(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error.decode(errors="replace") if isinstance(error.smtp_error, bytes) else error.smtp_error
        return f"{error.smtp_code} {' '.join(str(said).split())}"
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__


def run_failure_body(context: RunFailureSensorContext) -> str:
    """Return the HTML of an e-mail about a run that failed."""
    rows = "".join(
        f"<tr><th align=left>{html.escape(name)}</th><td>{html.escape(value)}</td></tr>"
        for name, value in facts(context).items()
    )
    return (
        f"<p><b>{html.escape(failure_text(context))}</b></p><table>{rows}</table>"
        f"<pre>{html.escape(failure_reason(context))}</pre>"
    )


def run_failure_subject(context: RunFailureSensorContext) -> str:
    """Return the subject of an e-mail about a run that failed."""
    return f"Vedette: job {context.run.job_name} failed"


def make_email_on_run_failure_sensor(
    email_from: str,
    email_password: str | None,
    email_to: Sequence[str],
    email_body_fn: Callable[[RunFailureSensorContext], str] = run_failure_body,
    email_subject_fn: Callable[[RunFailureSensorContext], str] = run_failure_subject,
    smtp_host: str = "smtp.gmail.com",
    smtp_type: SmtpType = "SSL",
    smtp_port: int | None = None,
    smtp_user: str | None = None,
    name: str | None = None,
    webserver_base_url: str | None = None,
    monitored_jobs: Iterable[Monitored] | None = None,
    job_selection: Iterable[Monitored] | None = None,
    monitor_all_code_locations: bool | None = None,
    default_status: SensorStatus = SensorStatus.STOPPED,
    monitor_all_repositories: bool | None = None,
    ssl_context: ssl.SSLContext | None = None,
    **options: Any,
) -> RunFailureSensorDefinition:
    """Make a sensor that sends an e-mail when a run fails, as HTML and as text.

    email_password: as text or as an `EnvVar`; it is never shown. None: the server wants none.
    email_body_fn, email_subject_fn: make the HTML and the subject of the run's context.
    smtp_type: "SSL" (port 465), "STARTTLS" (587), or "PLAIN" (25) within a network of one's own.
    smtp_user: who logs in, where that is not `email_from`. ssl_context: whom to trust; else those whom the system does.
    webserver_base_url: the server's address, for a link to the run.
    The others, and other options, are those of `run_failure_sensor`: an e-mail that could not be sent is sent again as
    that says. If the process dies between the sending and the commit, it is sent twice, with the same Message-ID.

    Raises DefinitionError.
    """
    mailbox = _Mailbox(
        email_from, email_password, email_to, smtp_host, smtp_type, smtp_port, smtp_user, ssl_context
    )  # fmt: skip

    @run_failure_sensor(
        name=name or "email_on_run_failure",
        description=f"Sends an e-mail to {', '.join(email_to)} when a run fails.",
        monitored_jobs=monitored_jobs,
        job_selection=job_selection,
        monitor_all_code_locations=monitor_all_code_locations,
        default_status=default_status,
        monitor_all_repositories=monitor_all_repositories,
        **options,
    )
    def email_on_run_failure(context: RunFailureSensorContext) -> None:
        url = run_url(context, webserver_base_url)
        body = checked_text(email_body_fn(context), "email_body_fn")
        subject = checked_text(email_subject_fn(context), "email_subject_fn")
        lines = [failure_text(context), *(f"{key}: {value}" for key, value in facts(context).items())]
        text = "\n".join([*lines, "", failure_reason(context), *(["", url] if url else [])])
        link = f'<p><a href="{html.escape(url)}">Show the run</a></p>' if url else ""
        mailbox.send(subject, text, body + link, f"{context.sensor_name} {context.run.id} {context.run.attempt}")

    return email_on_run_failure


def _problems_body(problems: Sequence[SensorProblem]) -> str:
    items = "".join(
        f"<li><b>{html.escape(problem.headline)}</b><br>{html.escape(problem.message)}</li>" for problem in problems
    )
    return f"<ul>{items}</ul>"


def make_email_on_sensor_failure_sensor(
    email_from: str,
    email_password: str | None,
    email_to: Sequence[str],
    email_body_fn: Callable[[Sequence[SensorProblem]], str] = _problems_body,
    email_subject_fn: Callable[[Sequence[SensorProblem]], str] | None = None,
    smtp_host: str = "smtp.gmail.com",
    smtp_type: SmtpType = "SSL",
    smtp_port: int | None = None,
    smtp_user: str | None = None,
    name: str | None = None,
    ssl_context: ssl.SSLContext | None = None,
    **options: Any,
) -> SensorDefinition:
    """Make a sensor that sends an e-mail when a sensor begins to fail, pauses itself or is overdue.

    The options are those of `make_email_on_run_failure_sensor` and of `sensor_failure_sensor`; the functions take all
    that is new, which is one e-mail. Raises DefinitionError.
    """
    mailbox = _Mailbox(
        email_from, email_password, email_to, smtp_host, smtp_type, smtp_port, smtp_user, ssl_context
    )  # fmt: skip

    def send(problems: Sequence[SensorProblem]) -> None:
        subject = email_subject_fn(problems) if email_subject_fn else f"Vedette: {told(problems).splitlines()[0]}"
        text = "\n\n".join(f"{problem.headline}\n{problem.message}" for problem in problems)
        body = checked_text(email_body_fn(problems), "email_body_fn")
        mailbox.send(checked_text(subject, "email_subject_fn"), text, body)

    description = f"Sends an e-mail to {', '.join(email_to)} when a sensor fails, is paused or is overdue."
    return sensor_failure_sensor(send, name or "email_on_sensor_failure", description=description, **options)
