import logging

import pytest
from graphql import GraphQLError, Source
from graphql.error import GraphQLSyntaxError

from vedette.errors import DatabaseUnreachable
from vedette.graphql.errors import NOT_FOUND, RequestError, presentable


def located(original: Exception) -> GraphQLError:
    return GraphQLError(str(original), path=["sensors", 0, "name"], original_error=original)


def code(error: GraphQLError) -> object:
    return (error.extensions or {}).get("code")


def test_what_is_expected_stays_as_it_is() -> None:
    error = located(RequestError(NOT_FOUND, "There is none."))
    assert presentable(error).message == "There is none."


def test_a_wrong_document_says_so() -> None:
    assert code(presentable(GraphQLSyntaxError(Source("{"), 1, "no"))) == "SYNTAX"
    assert code(presentable(GraphQLError("Cannot query field."))) == "INVALID_DOCUMENT"


def test_what_a_stream_raises_is_no_fault_of_the_document() -> None:
    shown = presentable(GraphQLError("SELECT secret", original_error=ValueError("SELECT secret")))
    assert code(shown) == "INTERNAL"
    assert "SELECT" not in shown.message


def test_a_database_that_is_away_is_no_secret_but_where_it_is(caplog: pytest.LogCaptureFixture) -> None:
    shown = presentable(located(DatabaseUnreachable("The database at db.internal cannot be reached.")))
    assert code(shown) == "UNAVAILABLE"
    assert "db.internal" not in shown.message
    assert "db.internal" in caplog.text


def test_anything_else_is_masked_and_can_be_found_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        shown = presentable(located(ValueError("password is hunter2")))
    assert code(shown) == "INTERNAL"
    assert "hunter2" not in shown.message
    assert shown.original_error is None
    assert shown.path == ["sensors", 0, "name"]
    assert str((shown.extensions or {})["correlationId"]) in caplog.text
    assert "hunter2" in caplog.text
