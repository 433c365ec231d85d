"""Priorities of runs: a tag says it, a whole number; the greater starts first."""

from collections.abc import Mapping

PRIORITY_TAG = "vedette/priority"
# The second is upstream's; the first goes before it.
PRIORITY_TAGS = (PRIORITY_TAG, "dagster/priority")
MOST = 999_999


def priority_flaw(tags: Mapping[str, str]) -> str | None:
    """Return what is wrong with the priority that tags say; None where they say none, or a right one."""
    for tag in PRIORITY_TAGS:
        if (value := tags.get(tag)) is not None and not _is_priority(value):
            return f"The tag {tag} is a whole number of at most {MOST:,} either way, as text, not {value[:40]!r}."
    return None


def _is_priority(value: str) -> bool:
    digits = value.removeprefix("-")
    return digits.isascii() and digits.isdigit() and len(digits) <= len(str(MOST))
