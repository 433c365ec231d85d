"""Names, tags and descriptions of definitions, checked where they are written."""

import inspect
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from vedette.authoring.text import as_json, flaw_of, shown
from vedette.errors import DefinitionError

_NAME = re.compile(r"[A-Za-z0-9_]+")


def checked_name(name: object, noun: str) -> str:
    """Return `name` if it may name a `noun`; raises DefinitionError otherwise."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise DefinitionError(
            f"{shown(name)} cannot name {_article(noun)} {noun}: a name is made of letters, digits and underscores"
            " (A-Z a-z 0-9 _)."
        )
    return name


def _article(noun: str) -> str:
    return "an" if noun[0] in "aeiou" else "a"


def name_of(function: Callable[..., Any], name: str | None, noun: str) -> str:
    """Return `name`, or the name of `function` where none is given; raises DefinitionError for an illegal one."""
    if name is not None:
        return checked_name(name, noun)
    own = getattr(function, "__name__", None)
    if own is None or not _NAME.fullmatch(own):
        raise DefinitionError(
            f"{shown(function)} has no name that the {noun} can take (of letters, digits and underscores,"
            " A-Z a-z 0-9 _); pass name=."
        )
    return str(own)


def description_of(function: Callable[..., Any], description: str | None) -> str | None:
    """Return `description`, or the docstring of `function` where none is given."""
    if description is not None:
        return description
    return inspect.getdoc(function) if inspect.isroutine(function) else None


def normalised_tags(tags: Mapping[str, Any] | None) -> dict[str, str]:
    """Return tags as text: a value that is not a str is written as JSON.

    Raises ValueError, a whole sentence, for tags that cannot be stored.
    """
    if tags is None:
        return {}
    if not isinstance(tags, Mapping):
        raise ValueError(f"Tags are a mapping of str to str, not {shown(tags)}.")
    return {_tag_key(key): _tag_value(key, value) for key, value in tags.items()}


def checked_tags(owner: str, tags: Mapping[str, Any] | None) -> dict[str, str]:
    """Return tags as text; raises DefinitionError that names whose they are, as in `job "clean"`."""
    try:
        return normalised_tags(tags)
    except ValueError as error:
        raise DefinitionError(f"The tags of {owner} are wrong: {error}") from None


def _tag_key(key: object) -> str:
    if not isinstance(key, str) or not key:
        raise ValueError(f"A tag's key is a str of at least one character, not {shown(key)}.")
    if flaw := flaw_of(key):
        raise ValueError(f"The tag key {shown(key)} {flaw}.")
    return key


def _tag_value(key: str, value: object) -> str:
    if isinstance(value, str):
        if flaw := flaw_of(value):
            raise ValueError(f'The value of tag "{key}" {flaw}.')
        return value
    try:
        return json.dumps(as_json(value), ensure_ascii=False)
    except ValueError as error:
        raise ValueError(f'The value of tag "{key}" {error}.') from None
