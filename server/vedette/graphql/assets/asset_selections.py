"""Selections of assets, resolved against the graph of all of them; it is kept until a code location is loaded anew."""

import asyncio
import importlib
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from typing import Any

from vedette.domain.assets import Path
from vedette.domain.known_assets import KnownAssets
from vedette.errors import DefinitionError
from vedette.graphql.errors import BAD_INPUT, RequestError
from vedette.storage.assets import asset_lists

LONGEST_SELECTION = 10_000
# How many selections are remembered with what they named: a client asks for page after page of one.
MOST_REMEMBERED = 32


class AssetSelections:
    """The selections of one server. There is one graph at most, worked out when a selection asks for it."""

    def __init__(self) -> None:
        self._as_of: Hashable = None
        self._graph = KnownAssets(())
        self._found: OrderedDict[str, Sequence[Path]] = OrderedDict()
        # One at a time: who comes meanwhile finds the graph made.
        self._working = asyncio.Lock()

    async def keys(self, connection: Any, selection: str) -> Sequence[Path]:
        """Return the keys of the assets that a selection names; raises BAD_INPUT for one that cannot be read."""
        if len(selection) > LONGEST_SELECTION:
            raise RequestError(BAD_INPUT, f"A selection has at most {LONGEST_SELECTION} characters.")
        as_of = await asset_lists.defined_as_of(connection)
        async with self._working:
            if as_of != self._as_of:
                await self._read(connection, as_of)
            if selection not in self._found:
                # In a thread: all that many assets are made of takes a moment.
                self._found[selection] = await asyncio.to_thread(_resolved, selection, self._graph)
            self._found.move_to_end(selection)
            while len(self._found) > MOST_REMEMBERED:
                self._found.popitem(last=False)
            return self._found[selection]

    async def _read(self, connection: Any, as_of: Hashable) -> None:
        known = await asset_lists.defined(connection)
        self._graph = await asyncio.to_thread(KnownAssets, [(seen.spec, seen.code_location or "") for seen in known])
        self._found.clear()
        self._as_of = as_of


def _resolved(selection: str, graph: KnownAssets) -> Sequence[Path]:
    # Imported when the first selection is looked at: it brings along what authors write, which a start can do without.
    texts = importlib.import_module("vedette.authoring.assets.selection_text")
    try:
        found = texts.parse(selection).select(graph).assets
    except DefinitionError as error:
        raise RequestError(BAD_INPUT, str(error)) from None
    except RecursionError:
        raise RequestError(BAD_INPUT, "The selection is nested too deep.") from None
    return [key.parts for key in found]
