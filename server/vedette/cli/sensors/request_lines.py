"""The runs that an evaluation asked for, as the terminal shows them."""

import json
from collections.abc import Sequence

from vedette.cli.ids import short_id
from vedette.cli.output import coloured, print_facts, print_line
from vedette.client.connection import Json

# Of `RunRequest` on a tick and on a preview.
REQUEST = """
fragment Request on RunRequest {
  outcome jobName runKey dedup ttlSeconds partitionKey assetSelection runConfig tags { key value } run { id status }
}
"""


def print_requests(requests: Sequence[Json]) -> None:
    """Print each request with all that was asked for, and with the run that it launched or repeats."""
    if requests:
        print_line("1 run request" if len(requests) == 1 else f"{len(requests)} run requests")
    for number, request in enumerate(requests, 1):
        print_line(f"{number}.", coloured(request["outcome"]), request["jobName"] or "-")
        print_facts(
            (
                ("   Run key", _key(request)),
                ("   Repeats" if request["outcome"] == "DUPLICATE" else "   Run", _run(request)),
                ("   Partition", request["partitionKey"]),
                ("   Assets", " ".join("/".join(key) for key in request["assetSelection"] or ()) or None),
                ("   Tags", " ".join(f"{tag['key']}={tag['value']}" for tag in request["tags"]) or None),
                ("   Config", json.dumps(request["runConfig"], ensure_ascii=False) if request["runConfig"] else None),
            )
        )


def _key(request: Json) -> str | None:
    if request["runKey"] is None:
        return None
    if request["dedup"] == "TTL":
        return f"{request['runKey']} (for {request['ttlSeconds']:g} s)"
    held = str(request["dedup"]).lower().replace("_", " ")
    return f"{request['runKey']} ({held})"


def _run(request: Json) -> str | None:
    run = request["run"]
    if run is not None:
        return f"{short_id(run['id'])} {run['status']}"
    return "another request of this evaluation" if request["outcome"] == "DUPLICATE" else None
