"""Options written as KEY=VALUE."""

from collections.abc import Sequence

import click


class Pair(click.ParamType[tuple[str, str]]):
    """A key and a value with "=" between them."""

    name = "key=value"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """Split the text."""
        key, equals, rest = str(value).partition("=")
        if not key or not equals:
            self.fail(f"{value!r} is not a pair; write it as key=value.", param, ctx)
        return key, rest


TAG = Pair()


def pairs(given: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    """Return pairs as the API takes them."""
    return [{"key": key, "value": value} for key, value in given]
