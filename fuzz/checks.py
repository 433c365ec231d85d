"""What schemathesis checks of each answer. Its own check takes every error of a field for one of the server."""

from typing import Any

import schemathesis
from schemathesis import Case, CheckContext, Response


@schemathesis.check
def no_surprise(context: CheckContext, response: Response, case: Case[Any]) -> None:
    """Refuse answers with a status of 5xx, and those that tell of an error which nobody expected."""
    assert response.status_code < 500, f"The server answered {response.status_code}."
    for error in response.json().get("errors", []):
        assert error["extensions"]["code"] != "INTERNAL", error["message"]
