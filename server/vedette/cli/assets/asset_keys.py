"""Keys of assets as people write them: parts joined by slashes, a slash within a part as `\\/`."""

from collections.abc import Sequence

import click

from vedette.domain.assets import escaped, unescaped


class Key(click.ParamType[list[str]]):
    """The key of an asset."""

    name = "key"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> list[str]:
        """Split the text."""
        parts = list(unescaped(str(value)))
        if not all(parts):
            self.fail(
                f"{value!r} is no asset key; write its parts with a slash between them, as in raw/orders.", param, ctx
            )
        return parts


KEY = Key()


def named(key: Sequence[str]) -> str:
    """Return a key as people write it."""
    return escaped(tuple(key))
