"""The Python function that the selection of an object becomes: field by field, without a loop over them.

Most of the time of an answer goes into leaves, an attribute each: read by a line of its own, one takes a tenth of what
it takes through a list of fields. Python compiles a text once, whatever it names: what differs from one plan to the
next but the shape of the answer (arguments, types, resolvers) is named, not written.
"""

from collections.abc import Sequence
from datetime import datetime
from math import isfinite
from textwrap import indent
from types import CodeType, CoroutineType
from typing import Any, NamedTuple

from graphql.pyutils import gather_with_cancel

from vedette.graphql.plans.latest import Latest
from vedette.graphql.plans.leaves import PLAIN, iso
from vedette.graphql.plans.places import Late, Make

MOST_FUNCTIONS = 2048
# Of their texts, in characters.
MOST_TEXT = 2**20


class Part(NamedTuple):
    """What a field is in the function: its name in the answer, the Python that sets `v#`, and what this names.

    Names of its own end in `#`, which becomes the number of the field.
    """

    name: str
    text: str
    named: dict[str, Any]


_FUNCTION = """\
def together(run, source, way):
    late = []
    try:
{parts}
    except Exception:
        if late:
            run.settle_in_background([waiting for _, waiting in late])
        raise
    results = {{{results}}}
    return awaited(results, late) if late else results
"""
_codes: Latest[CodeType] = Latest(MOST_FUNCTIONS, MOST_TEXT)


def function(parts: Sequence[Part]) -> Make:
    """Return the function that makes an object, or a coroutine of it, in which all that is late is awaited together."""
    lines = "\n".join(_numbered(part.text, number) for number, part in enumerate(parts))
    results = ", ".join(f"{part.name!r}: v{number}" for number, part in enumerate(parts))
    named = {f"{name}{number}": value for number, part in enumerate(parts) for name, value in part.named.items()}
    namespace: dict[str, Any] = {**_KNOWN, **named}
    exec(_code(_FUNCTION.format(parts=indent(lines or "pass", " " * 8), results=results)), namespace)
    made: Make = namespace["together"]
    return made


def _numbered(text: str, number: int) -> str:
    return text.replace("#", str(number))


def _code(text: str) -> CodeType:
    found = _codes.get(text)
    if found is None:
        found = compile(text, "<plan>", "exec")
        _codes.keep(text, found, len(text))
    return found


async def _awaited(results: dict[str, Any], late: Late) -> dict[str, Any]:
    if len(late) == 1:
        [(name, waiting)] = late
        results[name] = await waiting
    else:
        values = await gather_with_cancel(*(waiting for _, waiting in late))
        results.update(zip((name for name, _ in late), values, strict=True))
    return results


_KNOWN: dict[str, Any] = {
    "Coroutine": CoroutineType,
    "PLAIN": PLAIN,
    "awaited": _awaited,
    "datetime": datetime,
    "isfinite": isfinite,
    "iso": iso,
}
