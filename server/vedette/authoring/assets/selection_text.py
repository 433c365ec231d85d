"""Selections as texts, in two grammars.

The present one: `key:a`, `key:"raw/*"`, `group:g`, `tag:k=v`, `kind:k`, `owner:o`, `*`, combined by `and`, `or`, `not`
and parentheses; `+x` adds all that x is made of, `x+` all that is made of it, `2+x+1` two steps up and one down;
`roots(x)` and `sinks(x)` are its ends.

The older one, for a bare key: `a`, `*a` (all that it is made of), `a*`, and a `+` a step: `+a`, `++a`, `a+`.
"""

import re

from vedette.authoring.assets.selection import All, AssetSelection, Where
from vedette.errors import DefinitionError

_OLDER = re.compile(r"(?P<up>\*?|\++)(?P<key>[^\s+*:()\"']+)(?P<down>\*?|\++)")
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<attribute>key|group|tag|kind|owner)\s*:\s*(?:"(?P<quoted>[^"]*)"|(?P<plain>[^\s+()"]+))
      | (?P<function>roots|sinks)(?=\s*\()
      | (?P<word>and|or|not|AND|OR|NOT)(?=[\s(]|$)
      | (?P<sign>[()*+]) | (?P<number>\d+)
    )""",
    re.VERBOSE,
)

Token = tuple[str, str]


def parse(text: str) -> AssetSelection:
    """Return what `text` selects; raises DefinitionError that says where it cannot be read."""
    if not text.strip():
        raise DefinitionError("A selection of assets is a text such as 'key:orders', 'group:raw' or '*'.")
    if older := _OLDER.fullmatch(text.strip()):
        return _older(older)
    return _Reader(text).whole()


def _older(found: re.Match[str]) -> AssetSelection:
    key = AssetSelection.keys(found["key"])
    selection: AssetSelection = key
    for signs, add in ((found["up"], key.upstream), (found["down"], key.downstream)):
        if signs:
            selection = selection | add(None if signs == "*" else len(signs))
    return selection


class _Reader:
    """Reads one text, from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokens(text)
        self._at = 0

    def whole(self) -> AssetSelection:
        selection = self._either()
        if self._at < len(self._tokens):
            raise self._wrong()
        return selection

    def _either(self) -> AssetSelection:
        selection = self._both()
        while self._take("word", "or"):
            selection = selection | self._both()
        return selection

    def _both(self) -> AssetSelection:
        selection = self._negated()
        while self._take("word", "and"):
            selection = selection & self._negated()
        return selection

    def _negated(self) -> AssetSelection:
        if self._take("word", "not"):
            return All() - self._negated()
        return self._extended()

    def _extended(self) -> AssetSelection:
        above = self._depth_before()
        selection = self._one()
        extended = selection
        if above is not None:
            extended = extended | selection.upstream(above or None)
        if self._take("sign", "+"):
            below = self._take("number")
            extended = extended | selection.downstream(int(below) if below else None)
        return extended

    def _depth_before(self) -> int | None:
        """Return how many steps up, 0 for all, None for none."""
        number = self._take("number")
        if self._take("sign", "+"):
            return int(number) if number else 0
        if number:
            raise self._wrong()
        return None

    def _one(self) -> AssetSelection:
        if self._take("sign", "("):
            return self._closed()
        if self._take("sign", "*"):
            return All()
        if function := self._take("function"):
            self._take("sign", "(")
            inner = self._closed()
            return inner.roots() if function == "roots" else inner.sinks()
        for attribute in ("key", "group", "tag", "kind", "owner"):
            if (value := self._take(attribute)) is not None:
                return _having(attribute, value)
        raise self._wrong()

    def _closed(self) -> AssetSelection:
        selection = self._either()
        if not self._take("sign", ")"):
            raise self._wrong()
        return selection

    def _take(self, kind: str, value: str | None = None) -> str | None:
        if self._at < len(self._tokens) and self._tokens[self._at][0] == kind:
            found = self._tokens[self._at][1]
            if value is None or found == value:
                self._at += 1
                return found
        return None

    def _wrong(self) -> DefinitionError:
        rest = self._tokens[self._at][1] if self._at < len(self._tokens) else "the end"
        return DefinitionError(f"The selection {self._text!r} cannot be read at {rest!r}; an asset is key:its/key.")


def _having(attribute: str, value: str) -> AssetSelection:
    if attribute == "key":
        return Where("key", (value,), True) if "*" in value else AssetSelection.keys(value)
    if attribute == "tag":
        key, _, wanted = value.partition("=")
        return AssetSelection.tag(key, wanted)
    return Where(attribute, (value,), False)


def _tokens(text: str) -> list[Token]:
    tokens: list[Token] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        found = _TOKEN.match(text, at)
        if found is None:
            raise DefinitionError(
                f"The selection {text!r} cannot be read at {text[at : at + 30].strip()!r}; an asset is key:its/key,"
                " a group group:its_name."
            )
        at = found.end()
        if found["attribute"]:
            tokens.append((found["attribute"], found["quoted"] if found["plain"] is None else found["plain"]))
        else:
            kind = str(found.lastgroup)
            tokens.append((kind, found[kind].lower()))
    return tokens
