"""The text of a notification: topics, ASCII and without spaces, with one space between them."""

from collections.abc import Iterable, Iterator

# Postgres takes less than 8000 bytes.
LONGEST_BYTES = 7999


def pack(topics: Iterable[str]) -> Iterator[str]:
    """Payloads that carry all `topics`, each one at most LONGEST_BYTES long."""
    payload = ""
    for topic in topics:
        if payload and len(payload) + 1 + len(topic) > LONGEST_BYTES:
            yield payload
            payload = ""
        payload = f"{payload} {topic}" if payload else topic
    if payload:
        yield payload


def unpack(payload: str) -> list[str]:
    """The topics that `pack` put into one payload."""
    return payload.split()
