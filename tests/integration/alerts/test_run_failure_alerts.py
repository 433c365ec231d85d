"""Alerts of runs that failed, to real servers: what they say, and that no secret is ever told."""

import asyncio
import traceback
from collections.abc import Iterator

import pytest

from integration.alerts.stubs import RUN, Stub, failed_run, mailhost, service
from vedette import DefinitionError, EnvVar, InvalidResult, RetryAfter
from vedette.alerts import (
    make_email_on_run_failure_sensor,
    make_slack_on_run_failure_sensor,
    make_teams_on_run_failure_sensor,
)
from vedette.errors import AlertNotSent

SECRET = "xoxb-hunter2"


@pytest.fixture
def stub() -> Iterator[Stub]:
    with service() as stub:
        yield stub


def told(error: BaseException) -> str:
    """Return all that a log or the API could show of an error."""
    return "".join(traceback.format_exception(error))


def test_slack_is_told_which_run_failed_where_and_why(stub: Stub) -> None:
    alarm = make_slack_on_run_failure_sensor(
        "#alerts", SECRET, webserver_base_url="http://vedette:4400/", slack_api_url=stub.url
    )
    assert alarm.name == "slack_on_run_failure"
    alarm(failed_run(alarm.name))
    [asked] = stub.asked
    assert (asked.path, asked.headers["Authorization"]) == ("/chat.postMessage", f"Bearer {SECRET}")
    assert (asked.body["channel"], asked.body["text"]) == ("#alerts", 'Job "nightly" failed.')
    blocks = str(asked.body["blocks"])
    for part in (
        str(RUN),
        "2026-01-01",
        "a&lt;b",
        "load: ValueError: no &lt;such&gt; file",
        "<http://vedette:4400/runs/",
    ):
        assert part in blocks
    assert SECRET not in str(asked.body)
    assert SECRET not in str(alarm.spec())


def test_slack_says_what_the_authors_functions_say(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_TOKEN", SECRET)
    alarm = make_slack_on_run_failure_sensor(
        "#alerts",
        EnvVar("SLACK_TOKEN"),
        text_fn=lambda context: f"{context.run.job_name} is down",
        blocks_fn=lambda context: [{"type": "divider"}],
        name="mine",
        slack_api_url=stub.url,
    )
    alarm(failed_run("mine"))
    assert (stub.asked[0].body["text"], stub.asked[0].body["blocks"]) == ("nightly is down", [{"type": "divider"}])
    assert stub.asked[0].headers["Authorization"] == f"Bearer {SECRET}"
    wrong = make_slack_on_run_failure_sensor("#alerts", SECRET, text_fn=lambda _: 5, slack_api_url=stub.url)  # type: ignore[arg-type, return-value]  # that is the test
    with pytest.raises(InvalidResult, match="text_fn of an alert returns a str, not int"):
        wrong(failed_run("wrong"))


def test_what_slack_refuses_is_an_error_without_the_token(stub: Stub) -> None:
    alarm = make_slack_on_run_failure_sensor("#alerts", SECRET, slack_api_url=stub.url)
    for answer, kind, word in (
        ((200, {}, {"ok": False, "error": "channel_not_found"}), AlertNotSent, "#alerts: channel_not_found"),
        ((200, {}, "gateway"), AlertNotSent, "not Slack's"),
        ((500, {}, {"oh": "no"}), AlertNotSent, "Slack answered 500"),
        ((429, {"Retry-After": "7"}, {}), RetryAfter, "Slack answered 429"),
    ):
        stub.answers = [answer]
        with pytest.raises(kind, match=word) as raised:
            alarm(failed_run("alarm"))
        assert SECRET not in told(raised.value)


def test_teams_is_told_by_a_card(stub: Stub) -> None:
    stub.answers = [(202, {}, "1")]
    alarm = make_teams_on_run_failure_sensor(f"{stub.url}/hook/{SECRET}", webserver_base_url="http://vedette:4400")
    alarm(failed_run(alarm.name))
    [asked] = stub.asked
    [attachment] = asked.body["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert attachment["content"]["body"][0]["text"] == 'Job "nightly" failed.'
    assert "load: ValueError: no <such> file" in str(attachment)
    assert attachment["content"]["actions"][0]["url"].startswith("http://vedette:4400/runs/")


@pytest.mark.parametrize("fault", ["refuses", "down", "no address", "proxy down"])
def test_whatever_goes_wrong_the_address_of_the_webhook_is_not_told(stub: Stub, fault: str) -> None:
    stub.answers = [(403, {}, "go away")]
    url = {
        "refuses": f"{stub.url}/{SECRET}", "down": f"http://127.0.0.1:9/{SECRET}", "no address": f"nowhere {SECRET}",
        "proxy down": f"{stub.url}/{SECRET}",
    }[fault]  # fmt: skip
    proxy = "http://127.0.0.1:9" if fault == "proxy down" else None
    alarm = make_teams_on_run_failure_sensor(url, http_proxy=proxy)
    with pytest.raises(AlertNotSent, match="Microsoft Teams") as raised:
        alarm(failed_run("alarm"))
    assert SECRET not in told(raised.value)
    assert "hunter2" not in repr(vars(alarm))


@pytest.mark.parametrize("kind", ["SSL", "STARTTLS"])
async def test_an_email_goes_over_tls_as_text_and_html(kind: str) -> None:
    async with mailhost(kind, SECRET) as host:
        alarm = make_email_on_run_failure_sensor(
            "vedette@example.com", SECRET, ["a@example.com", "b@example.com"], smtp_host="127.0.0.1",
            smtp_type=kind, smtp_port=host.port, ssl_context=host.trust, webserver_base_url="http://vedette:4400",  # type: ignore[arg-type]  # each of the kinds
        )  # fmt: skip
        for _ in range(2):
            await asyncio.to_thread(alarm, failed_run(alarm.name))
    first, second = host.mails
    assert (first["From"], first["To"]) == ("vedette@example.com", "a@example.com, b@example.com")
    assert first["Subject"] == "Vedette: job nightly failed"
    text, html = (part.get_content() for part in first.iter_parts())
    assert "load: ValueError: no <such> file" in text
    assert "load: ValueError: no &lt;such&gt; file" in html
    assert "http://vedette:4400/runs/" in text
    assert first["Message-ID"] == second["Message-ID"], "a mail that is sent twice has to be known for the same"


async def test_an_email_that_is_not_taken_says_why_without_the_password() -> None:
    async with mailhost("SSL", "other") as host:

        def alarm(port: int, **options: object) -> None:
            make_email_on_run_failure_sensor(
                "vedette@example.com", SECRET, ["a@example.com"], smtp_host="127.0.0.1", smtp_port=port, **options  # type: ignore[arg-type]  # some of them
            )(failed_run("alarm"))  # fmt: skip

        for port, options, word in (
            (host.port, {"ssl_context": host.trust}, "refused the user vedette@example.com or its password"),
            (host.port, {}, "CERTIFICATE_VERIFY_FAILED"),
            (9, {}, "127.0.0.1:9 did not take the e-mail"),
        ):
            with pytest.raises(AlertNotSent, match=word) as raised:
                await asyncio.to_thread(alarm, port, **options)
            assert "hunter2" not in told(raised.value)
    assert host.mails == []


def test_bad_options_are_refused_when_the_sensor_is_defined() -> None:
    with pytest.raises(DefinitionError, match="SSL, STARTTLS, PLAIN"):
        make_email_on_run_failure_sensor("a@b.c", None, ["d@e.f"], smtp_type="TLS")  # type: ignore[arg-type]  # that is the test
    with pytest.raises(DefinitionError, match="list of addresses"):
        make_email_on_run_failure_sensor("a@b.c", None, "d@e.f")
    for nothing in ("", None):
        with pytest.raises(DefinitionError, match="slack_token is a text, or an EnvVar"):
            make_slack_on_run_failure_sensor("#a", nothing)  # type: ignore[arg-type]  # that is the test


def test_a_secret_whose_variable_is_not_set_says_which(stub: Stub) -> None:
    alarm = make_slack_on_run_failure_sensor("#alerts", EnvVar("NO_SUCH_TOKEN"), slack_api_url=stub.url)
    with pytest.raises(DefinitionError, match=r"slack_token is not set.*NO_SUCH_TOKEN"):
        alarm(failed_run("alarm"))
    assert stub.asked == []
