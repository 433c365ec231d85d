"""What a client has already is not sent again (RFC 9110, section 13.1.2): tags of contents, and which one is known."""

import hashlib


def tag_of(content: bytes) -> str:
    """Return the entity tag of a content."""
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def is_known(tag: str, known: str | None) -> bool:
    """Tell whether `if-none-match` names a tag; whether either is weak makes no difference."""
    return known is not None and _strong(tag) in {_strong(each) for each in known.split(",")}


def _strong(tag: str) -> str:
    return tag.strip().removeprefix("W/")
