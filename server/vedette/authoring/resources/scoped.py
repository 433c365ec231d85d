"""The resources that one evaluation, op or resource may use, under their keys."""

from collections.abc import Iterator, Mapping
from typing import Any

from vedette.errors import UnknownResource


class Resources:
    """Built resources as attributes: `context.resources.api`. Raises UnknownResource for one that was not asked for."""

    __slots__ = ("_owner", "_values")

    def __init__(self, values: Mapping[str, Any], owner: str) -> None:
        """Hold the values by key; `owner` says whose they are, as in `Sensor "inbox"`."""
        self._values = dict(values)
        self._owner = owner

    def __getattr__(self, key: str) -> Any:
        """Return the resource `key`."""
        try:
            return self._values[key]
        except KeyError:
            there = ", ".join(self._values) or "none"
            raise UnknownResource(
                f'{self._owner} uses the resource "{key}" and did not ask for it (it has: {there}): put it into'
                f" required_resource_keys={{{key!r}}}, or take it as an annotated parameter."
            ) from None

    def __getitem__(self, key: str) -> Any:
        """Return the resource `key`."""
        return getattr(self, key)

    def __iter__(self) -> Iterator[str]:
        """Iterate over the keys."""
        return iter(self._values)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._values)

    def only(self, keys: frozenset[str], owner: str) -> "Resources":
        """Return those of `keys`, for `owner`."""
        return Resources({key: value for key, value in self._values.items() if key in keys}, owner)

    def __repr__(self) -> str:
        """Show the keys: values may be secrets."""
        return f"<resources {', '.join(self._values) or 'none'}>"
