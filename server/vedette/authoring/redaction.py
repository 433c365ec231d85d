"""Texts without the secrets that this process has read from its environment, or been given in the config of its run."""

import json
import re
from urllib.parse import quote

# Shorter values are parts of ordinary words: looking for them would make logs unreadable and hide nothing.
SHORTEST_SECRET = 4
# What validators and reprs show of a long value: its beginning and its end.
_SHOWN_START, _SHOWN_END, _CUT_FROM = 24, 23, 46

_SHOWN: dict[str, str] = {}
_PATTERNS: list[re.Pattern[str]] = []


def keep_secret(name: str, value: str) -> None:
    """From now on `redacted` shows `[EnvVar name]` where a text has `value`, also escaped, quoted or a line of it."""
    hide(value, f"[EnvVar {name}]")


def hide(value: str, instead: str) -> None:
    """From now on `redacted` shows `instead` where a text has `value`, also escaped, quoted or a line of it."""
    forms = {value, value.strip(), *value.splitlines()}
    for form in list(forms):
        forms |= {repr(form)[1:-1], json.dumps(form)[1:-1], quote(form), quote(form, safe="")}
    for form in list(forms):
        if len(form) > _CUT_FROM:
            forms |= {form[:_SHOWN_START], form[-_SHOWN_END:]}
    new = {form: instead for form in forms if len(form) >= SHORTEST_SECRET and form not in _SHOWN}
    if new:
        _SHOWN.update(new)
        longest_first = sorted(_SHOWN, key=len, reverse=True)
        _PATTERNS[:] = [re.compile("|".join(map(re.escape, longest_first)))]


def redacted(text: str) -> str:
    """Return `text` with every secret of at least 4 characters replaced by what is shown instead."""
    if not _PATTERNS:
        return text
    return _PATTERNS[0].sub(lambda found: _SHOWN[found[0]], text)
