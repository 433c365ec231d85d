import pytest

from vedette.settings import redacted


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://anna:secret@db.example:5432/sensors", "postgresql://anna@db.example:5432/sensors"),
        ("postgresql://anna:se%40cret@[::1]/sensors", "postgresql://anna@[::1]/sensors"),
        ("postgresql://anna:s@cret@db/sensors", "postgresql://anna@db/sensors"),
        ("postgresql://db/sensors?user=anna&password=secret", "postgresql://db/sensors?user=anna"),
        ("postgresql://anna@/sensors?host=/run/pg&sslpassword=secret", "postgresql://anna@/sensors?host=/run/pg"),
        ("postgresql://anna:secret@[db/sensors", "an unreadable URL"),
    ],
)
def test_a_url_is_shown_without_its_password(url: str, shown: str) -> None:
    assert redacted(url) == shown
