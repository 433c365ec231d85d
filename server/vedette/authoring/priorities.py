"""Priorities of runs, as authors say them: a number, or the tag that it becomes."""

from collections.abc import Mapping

from vedette.domain.priorities import MOST, PRIORITY_TAG, PRIORITY_TAGS, priority_flaw
from vedette.errors import DefinitionError


def with_priority(tags: Mapping[str, str], priority: object) -> dict[str, str]:
    """Return tags that say a priority, if one is given; it goes before one that they say.

    Raises ValueError, a whole sentence, for what is no priority.
    """
    if priority is not None:
        if isinstance(priority, bool) or not isinstance(priority, int) or abs(priority) > MOST:
            raise ValueError(f"A priority is a whole number of at most {MOST:,} either way, not {priority!r}.")
        tags = {key: value for key, value in tags.items() if key not in PRIORITY_TAGS} | {PRIORITY_TAG: str(priority)}
    if flaw := priority_flaw(tags):
        raise ValueError(flaw)
    return dict(tags)


def prioritised(owner: str, tags: Mapping[str, str], priority: object) -> dict[str, str]:
    """Return tags that say a priority, if one is given; raises DefinitionError that names whose they are."""
    try:
        return with_priority(tags, priority)
    except ValueError as error:
        raise DefinitionError(f"The priority of {owner} is wrong: {error}") from None
