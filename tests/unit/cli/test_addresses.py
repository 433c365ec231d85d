import pytest

from vedette.cli.addresses import api_url
from vedette.client.addresses import is_local, socket_url
from vedette.errors import UsageError


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("http://127.0.0.1:4400", "http://127.0.0.1:4400/graphql"),
        ("http://127.0.0.1:4400/", "http://127.0.0.1:4400/graphql"),
        ("http://127.0.0.1:4400/graphql/", "http://127.0.0.1:4400/graphql"),
        ("https://host/vedette?x=1#y", "https://host/vedette/graphql"),
    ],
)
def test_an_address_may_leave_the_path_out(given: str, url: str) -> None:
    assert api_url(given) == url


@pytest.mark.parametrize("given", ["", "localhost:4400", "ftp://host", "http://", "http://host:port", "http://[::1"])
def test_what_is_no_address_is_refused(given: str) -> None:
    with pytest.raises(UsageError, match="is not an address; write it as"):
        api_url(given)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("10.0.0.7", "http://10.0.0.7:4711/graphql"),
        ("0.0.0.0", "http://127.0.0.1:4711/graphql"),
        ("::", "http://[::1]:4711/graphql"),
        ("fd00::7", "http://[fd00::7]:4711/graphql"),
        ("vedette.lan", "http://vedette.lan:4711/graphql"),
    ],
)
def test_without_an_address_the_settings_say_it(monkeypatch: pytest.MonkeyPatch, host: str, url: str) -> None:
    monkeypatch.setenv("VEDETTE_HOST", host)
    monkeypatch.setenv("VEDETTE_PORT", "4711")
    assert api_url(None) == url


def test_an_address_among_the_settings_goes_before_host_and_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEDETTE_PORT", "4711")
    monkeypatch.setenv("VEDETTE_URL", "https://vedette.lan/")
    assert api_url(None) == "https://vedette.lan/graphql"
    assert api_url("http://127.0.0.1:1") == "http://127.0.0.1:1/graphql"
    monkeypatch.setenv("VEDETTE_URL", "vedette.lan")
    with pytest.raises(UsageError, match=r"VEDETTE_URL vedette.lan is not an address"):
        api_url(None)


def test_a_setting_that_is_misspelt_is_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEDETTE_PROT", "4711")
    with pytest.raises(UsageError, match=r"no setting VEDETTE_PROT; .* Did you mean VEDETTE_PORT\?"):
        api_url(None)


def test_a_port_that_is_not_known_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEDETTE_PORT", "0")
    with pytest.raises(UsageError, match="name it with --url"):
        api_url(None)


def test_the_websocket_is_at_the_same_address() -> None:
    assert socket_url("http://h:1/graphql") == "ws://h:1/graphql"
    assert socket_url("https://h/graphql") == "wss://h/graphql"


@pytest.mark.parametrize(
    ("url", "local"), [("http://127.0.0.1:1/", True), ("http://[::1]/", True), ("http://a.b/", False)]
)
def test_a_proxy_is_for_other_machines_only(url: str, local: bool) -> None:
    assert is_local(url) is local
