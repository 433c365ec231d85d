"""Which media type and encoding an answer has, by what the client accepts (RFC 9110, sections 12.5.1 and 12.5.3)."""

from collections.abc import Sequence
from email.message import Message
from typing import NamedTuple

GRAPHQL = "application/graphql-response+json"
LEGACY = "application/json"
EVENT_STREAM = "text/event-stream"


class _Range(NamedTuple):
    kind: str
    quality: float

    def specificity(self, offered: str) -> int:
        """Return how closely this range means a type, 0 for not at all."""
        if self.kind == offered:
            return 3
        if self.kind == f"{offered.partition('/')[0]}/*":
            return 2
        return 1 if self.kind == "*/*" else 0


def chosen(accept: str | None, offered: Sequence[str]) -> str | None:
    """Return the type of `offered`, the server's favourite last resort first, that a client likes best; None: none.

    A client that says nothing, or `*/*`, gets the first.
    """
    ranges = [found for part in (accept or "*/*").split(",") if (found := _range(part)) is not None]
    liked = [(_quality(kind, ranges), -index, kind) for index, kind in enumerate(offered)]
    quality, _, kind = max(liked)
    return kind if quality > 0 else None


def accepts(encodings: str | None, encoding: str) -> bool:
    """Tell whether a client that says this in `accept-encoding` takes an encoding; one that says nothing takes none."""
    ranges = [found for part in (encodings or "").split(",") if (found := _range(part)) is not None]
    named = [found.quality for found in ranges if found.kind == encoding]
    return max(named or [found.quality for found in ranges if found.kind == "*"], default=0.0) > 0


def _quality(kind: str, ranges: Sequence[_Range]) -> float:
    meant = [(found.specificity(kind), found.quality) for found in ranges if found.specificity(kind)]
    return max(meant)[1] if meant else 0.0


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
