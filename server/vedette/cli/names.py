"""Finding what a person names: sensors and jobs as `name`, or `location/name` where the name alone is not unique."""

from vedette.cli.client import Client
from vedette.cli.failures import OperationFailed
from vedette.client.connection import Json
from vedette.client.errors import Refused

AMBIGUOUS = "AMBIGUOUS"


LISTS = {"sensor": "vedette sensor list", "job": "vedette job list"}
LOCATIONS = "query Locations { codeLocations { name error { type message } } }"


class Names:
    """How sensors and jobs are called in print: `name`, or `location/name` where there are several code locations."""

    def __init__(self, client: Client) -> None:
        """Ask the server for its code locations."""
        self._several = len(client.execute(LOCATIONS)["codeLocations"]) > 1

    def of(self, named: Json) -> str:
        """Return the name of a sensor or job, which must have been asked for with its code location's name."""
        return full_name(named) if self._several else str(named["name"])


def full_name(named: Json) -> str:
    """Return `location/name`, which is unique."""
    return f"{named['codeLocation']['name']}/{named['name']}"


def find(client: Client, document: str, kind: str, text: str) -> Json:
    """Return what `document`, a query of the one field `kind` that takes $by, answers for the name `text`.

    Raises OperationFailed where there is no such thing, or where several code locations have one.
    """
    location, _, name = text.rpartition("/")
    by = {"name": {"codeLocation": location or None, "name": name}}
    try:
        found = client.execute(document, by=by)[kind]
    except Refused as error:
        if AMBIGUOUS in error.codes:
            message = f"Several code locations have a {kind} {name!r}; write it as location/{name}."
            raise OperationFailed(message) from None
        raise
    if found is None:
        why = _why_missing(client.execute(LOCATIONS)["codeLocations"], location)
        raise OperationFailed(f"There is no {kind} {text!r}{why or f'; `{LISTS[kind]}` lists them'}.")
    return found


def _why_missing(locations: Json, location: str) -> str | None:
    """Return what is wrong with the code locations that could have it; None where nothing is."""
    if not locations:
        return ": no project has been loaded yet"
    broken = [one for one in locations if one["error"] is not None and location in ("", one["name"])]
    if not broken:
        return None
    told = ", ".join(f"{one['name']} ({one['error']['type']}: {one['error']['message']})" for one in broken)
    return f"; what does not load: {told}"
