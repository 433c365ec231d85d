"""Text and JSON that user code hands over: what can be stored, and what to make of what cannot."""

import json
import reprlib
from itertools import chain
from typing import Any

import msgspec

from vedette.authoring.redaction import redacted

_LARGEST = 2**64 - 1
_SMALLEST = -(2**63)
MAX_DEPTH = 100
_TOO_DEEP = f"is nested more than {MAX_DEPTH} levels deep, or holds itself"


def flaw_of(text: str) -> str | None:
    """Tell why `text` cannot be stored, as the end of a sentence; None if it can."""
    if "\x00" in text:
        return "holds a NUL character, which cannot be stored"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "holds half a surrogate pair, which is no character"
    return None


def plain_text(text: str) -> str:
    """Return `text` as a str itself: frames and rows hold no subclasses of it, such as a MultiPartitionKey."""
    return str.__str__(text)


def cleaned(text: str, limit: int) -> str:
    """Return `text` made storable and cut to at most `limit` bytes of UTF-8, with a note where it was cut."""
    data = text[: limit + 1].encode(errors="replace").replace(b"\x00", b"?")
    if len(data) <= limit:
        return data.decode()
    return data[:limit].decode(errors="ignore") + f" … (cut after {limit} bytes)"


def shown(value: object) -> str:
    """Return a short text for any value, also one whose repr raises."""
    try:
        text = _SHORT.repr(value)
    except Exception:
        text = object.__repr__(value)
    return cleaned(text, 200)


class _ShortRepr(reprlib.Repr):
    """Short reprs, without the part of a secret that cutting would leave."""

    def repr_str(self, x: str, level: int) -> str:
        return super().repr_str(redacted(x), level)


_SHORT = _ShortRepr()


def as_json(value: Any) -> Any:
    """Return a deep copy of `value` as plain JSON values (dict, list, str, int, float, bool, None).

    Raises ValueError, its text the end of a sentence, for what JSON, the database or a frame cannot hold.
    """
    try:
        encoded = json.dumps(value, allow_nan=False, ensure_ascii=False)
        flaw = flaw_of(encoded)
        plain = None if flaw else msgspec.json.decode(encoded)
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    except (TypeError, ValueError) as error:
        raise ValueError(f"is not JSON: {error}") from None
    if flaw := flaw or _flaw_within(plain, MAX_DEPTH):
        raise ValueError(flaw)
    return plain


def _flaw_within(value: object, depth: int) -> str | None:
    if isinstance(value, str):
        return flaw_of(value)
    if isinstance(value, int):
        return None if _SMALLEST <= value <= _LARGEST else "holds an integer of more than 64 bits; write it as text"
    if not isinstance(value, dict | list):
        return None
    if depth == 0:
        return _TOO_DEEP
    parts = chain(value, value.values()) if isinstance(value, dict) else value
    return next(filter(None, (_flaw_within(part, depth - 1) for part in parts)), None)
