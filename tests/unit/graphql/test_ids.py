from contextlib import suppress
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.graphql import ids
from vedette.graphql.errors import RequestError


@given(st.uuids())
def test_an_id_leads_back_to_what_it_names(key: UUID) -> None:
    assert ids.decode_uuid("Tick", ids.encode("Tick", key)) == key


@given(st.text())
def test_any_text_is_an_id_or_refused(text: str) -> None:
    with suppress(RequestError):
        assert ids.encode(*ids.decode(text)) == text


def test_another_type_is_named_in_the_refusal() -> None:
    with pytest.raises(RequestError, match="is the id of a Run; give that of a Tick"):
        ids.decode_uuid("Tick", ids.encode("Run", UUID(int=1)))
