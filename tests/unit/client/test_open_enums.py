"""A newer server may answer with values that this client does not know: they are passed on."""

from vedette.client.generated.enums import TickStatus
from vedette.client.generated.fragments import LogLine
from vedette.client.generated.input_types import TickFilter


def test_a_value_that_is_known_is_its_member() -> None:
    assert TickStatus("SKIPPED") is TickStatus.SKIPPED


def test_a_value_that_is_unknown_is_kept_as_it_is() -> None:
    status = TickStatus("POSTPONED")
    assert (status, status.name, status.value, isinstance(status, TickStatus)) == (
        "POSTPONED",
        *["POSTPONED"] * 2,
        True,
    )
    assert status is TickStatus("POSTPONED")
    assert status not in list(TickStatus)
    assert status is not TickStatus.SKIPPED


def test_it_is_read_and_sent_like_any_other() -> None:
    line = LogLine.model_validate({"at": "2026-01-01T00:00:00Z", "level": "NOTICE", "logger": "user", "message": "x"})
    assert line.level.value == "NOTICE"
    wanted = TickFilter(status=[TickStatus("POSTPONED")])
    assert wanted.model_dump(mode="json", by_alias=True, exclude_unset=True) == {"status": ["POSTPONED"]}
