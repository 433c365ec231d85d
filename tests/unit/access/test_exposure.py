import pytest

from vedette.access.exposure import check, is_loopback
from vedette.errors import UsageError
from vedette.settings import Settings


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "[::1]", "localhost"])
def test_on_its_own_machine_a_server_needs_nothing(host: str) -> None:
    assert is_loopback(host)
    assert check(Settings(host=host)) is None


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "10.0.0.5", "sensors.example", "::ffff:10.0.0.1", "127.0.0.1.example"]
)
def test_beyond_it_a_server_refuses_to_start_or_warns(host: str) -> None:
    with pytest.raises(UsageError, match="VEDETTE_AUTHENTICATION=tokens"):
        check(Settings(host=host))
    assert "INSECURE" in str(check(Settings(host=host, insecure=True)))
    assert check(Settings(host=host, authentication="tokens")) is None
