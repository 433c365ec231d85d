"""Stub services: a real HTTP server and a real SMTP server, which note what they are sent."""

import asyncio
import json
import ssl
import threading
import uuid
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from vedette import Run, RunEvent, RunFailureSensorContext, RunStatus, build_run_status_sensor_context
from vedette.domain.events import RunEventKind
from vedette.domain.logs import ErrorInfo

NOW = datetime(2026, 1, 1, tzinfo=UTC)
RUN = uuid.UUID("019b75b2-0000-7000-8000-000000000001")


def failed_run(sensor_name: str) -> RunFailureSensorContext:
    """Return the context of a run that failed in one of its steps."""
    run = Run(RUN, "shop", "nightly", RunStatus.FAILURE, NOW, partition_key="2026-01-01", run_key="a<b")
    event = RunEvent(NOW, RunEventKind.RUN_FAILURE, message="1 step failed")
    step = RunEvent(NOW, RunEventKind.STEP_FAILURE, step="load", error=ErrorInfo("ValueError", "no <such> file"))
    return build_run_status_sensor_context(sensor_name, event, run=run, step_failures=(step,)).for_run_failure()


@dataclass
class Asked:
    """A request that a stub was sent."""

    path: str
    headers: Any
    body: Any


@dataclass
class Stub:
    """A service: it answers with `answers` in turn, (status, headers, body), the last one for ever."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str], Any]] = field(default_factory=lambda: [(200, {}, {"ok": True})])

    @property
    def taken(self) -> list[Asked]:
        """Return the requests that were answered well."""
        return [asked for asked, status in zip(self.asked, self.statuses, strict=True) if status == 200]

    statuses: list[int] = field(default_factory=list)


@contextmanager
def service() -> Iterator[Stub]:
    """Serve a stub."""
    stub = Stub()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, headers, answer = stub.answers.pop(0) if len(stub.answers) > 1 else stub.answers[0]
            stub.asked.append(Asked(self.path, self.headers, body))
            stub.statuses.append(status)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    stub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class Mailhost:
    """A mail server: whom to trust, and what it took."""

    port: int
    trust: ssl.SSLContext
    mails: list[EmailMessage] = field(default_factory=list)


@asynccontextmanager
async def mailhost(kind: str, password: str) -> AsyncIterator[Mailhost]:
    """Serve mail on the loop of the test, by TLS from the start ("SSL") or from STARTTLS on."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    host = Mailhost(0, trust)

    class Handler:
        async def handle_DATA(  # noqa: N802  (the name that the library calls)
            self, server: SMTP, session: Session, envelope: Envelope
        ) -> str:
            assert isinstance(envelope.content, bytes)
            parsed = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(parsed, EmailMessage)
            host.mails.append(parsed)
            return "250 OK"

    def check(_server: object, _session: object, _envelope: object, _mechanism: str, data: object) -> AuthResult:
        assert isinstance(data, LoginPassword)
        return AuthResult(success=data.password == password.encode(), handled=False)

    def protocol() -> SMTP:
        with warnings.catch_warnings():
            # It does not count TLS from the start as TLS.
            warnings.simplefilter("ignore", UserWarning)
            return SMTP(
                Handler(),
                hostname="127.0.0.1",
                authenticator=check,
                auth_required=True,
                auth_require_tls=kind == "STARTTLS",
                tls_context=context if kind == "STARTTLS" else None,
            )

    server = await asyncio.get_running_loop().create_server(
        protocol, "127.0.0.1", 0, ssl=context if kind == "SSL" else None
    )
    host.port = server.sockets[0].getsockname()[1]
    try:
        yield host
    finally:
        server.close()
        await server.wait_closed()
