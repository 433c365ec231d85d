"""Which media type and encoding an answer has, by what the client accepts (RFC 9110, sections 12.5.1 and 12.5.3)."""

from collections.abc import Sequence
from email.message import Message
from typing import NamedTuple

GRAPHQL = "application/graphql-response+json"
LEGACY = "application/json"
EVENT_STREAM = "text/event-stream"


# How closely a client means a type that it names.
_NAMED = 3


class _Range(NamedTuple):
    kind: str
    quality: float

    def specificity(self, offered: str) -> int:
        """Return how closely this range means a type, 0 for not at all."""
        if self.kind == offered:
            return _NAMED
        if self.kind == f"{offered.partition('/')[0]}/*":
            return 2
        return 1 if self.kind == "*/*" else 0


def chosen(accept: str | None, offered: Sequence[str]) -> str | None:
    """Return the type of `offered` that a client likes best; None: none.

    Of types that it names and likes alike it gets the last, the server's favourite. A client that names none of them,
    for it says nothing or `*/*`, gets the first.
    """
    ranges = [found for part in (accept or "*/*").split(",") if (found := _range(part)) is not None]
    liked = []
    for index, kind in enumerate(offered):
        closeness, quality = _liking(kind, ranges)
        liked.append((quality, closeness, index if closeness == _NAMED else -index, kind))
    quality, _, _, kind = max(liked)
    return kind if quality > 0 else None


def accepts(encodings: str | None, encoding: str) -> bool:
    """Tell whether a client that says this in `accept-encoding` takes an encoding; one that says nothing takes none."""
    ranges = [found for part in (encodings or "").split(",") if (found := _range(part)) is not None]
    named = [found.quality for found in ranges if found.kind == encoding]
    return max(named or [found.quality for found in ranges if found.kind == "*"], default=0.0) > 0


def _liking(kind: str, ranges: Sequence[_Range]) -> tuple[int, float]:
    """Return how closely the client means a type, and how much it likes it."""
    meant = ((closeness, found.quality) for found in ranges if (closeness := found.specificity(kind)))
    return max(meant, default=(0, 0.0))


def _range(part: str) -> _Range | None:
    kind, parameters = parsed_type(part)
    if parameters.get("charset", "utf-8").lower() not in {"utf-8", "utf8"}:
        return None
    try:
        quality = float(parameters.get("q", "1"))
    except ValueError:
        return None
    return _Range(kind, quality) if 0 <= quality <= 1 else None


def parsed_type(text: str) -> tuple[str, dict[str, str]]:
    """Return a media type, in lower case, and its parameters."""
    message = Message()
    message["content-type"] = text.strip().replace("\r", "").replace("\n", "")
    parameters = message.get_params([])
    if not parameters:
        return "", {}
    (kind, _), *rest = parameters
    return kind.strip().lower(), {name.lower(): value.strip() for name, value in rest}
