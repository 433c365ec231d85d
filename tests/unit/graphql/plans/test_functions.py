"""What selections become: one code for all that have a shape, and moments as Python writes them."""

from datetime import UTC, datetime, timezone
from typing import Any
from uuid import UUID

import pytest
import strawberry
from hypothesis import given
from hypothesis import strategies as st

from vedette.graphql.plans import Attribute
from vedette.graphql.plans.functions import MOST_FUNCTIONS, Part, function
from vedette.graphql.plans.leaves import iso

ZONES = st.none() | st.just(UTC) | st.timezones() | st.timedeltas().filter(lambda by: abs(by.days) < 1).map(timezone)


@given(st.datetimes(timezones=ZONES))
def test_a_moment_is_written_as_its_isoformat(at: datetime) -> None:
    assert iso(at) == at.isoformat()


def greeting(name: str, greeted: str) -> Any:
    """Return the function of an object with one field, which greets."""
    return function([Part(name, "v# = greet#(source)", {"greet": lambda source: f"{greeted} {source}"})])


@pytest.mark.parametrize("path", ["", "a.", "a b", "a.b()", "class", "1"])
def test_what_is_no_attribute_is_not_written_into_code(path: str) -> None:
    with pytest.raises(ValueError, match="no attribute"):
        Attribute(path)


def test_an_attribute_is_read_of_the_object_as_well() -> None:
    @strawberry.type
    class Told:
        facts: strawberry.Private[UUID]
        digits: str = strawberry.field(resolver=Attribute("facts.hex"))

    assert Told(facts=UUID(int=1)).digits == f"{1:032x}"


def test_selections_of_one_shape_share_their_code() -> None:
    one, other = greeting("said", "Hello"), greeting("said", "Bye")
    assert (one(None, "you", None), other(None, "you", None)) == ({"said": "Hello you"}, {"said": "Bye you"})
    assert one.__code__ is other.__code__
    assert greeting("told", "Hello").__code__ is not one.__code__


def test_code_that_was_not_used_for_longest_is_forgotten() -> None:
    first = greeting("first", "Hello")
    for number in range(MOST_FUNCTIONS):
        greeting(f"later{number}", "Hello")
    assert greeting("first", "Hello").__code__ is not first.__code__
