from uuid import uuid4

from vedette.cli.ids import global_id, short_id
from vedette.graphql import ids


def test_a_bare_uuid_becomes_the_id_that_the_server_gives() -> None:
    key = uuid4()
    assert global_id("Run", str(key)) == ids.encode("Run", key)
    assert short_id(ids.encode("Run", key)) == str(key)


def test_a_global_id_is_passed_on_as_it_is() -> None:
    given = ids.encode("Run", uuid4())
    assert global_id("Run", given) == given


def test_what_holds_no_uuid_is_shown_as_it_is() -> None:
    for text in ("", "x", "é", "UnVuOng", "====", ids.encode("Run", "no-uuid")):
        assert short_id(text) == text
