"""What an operation selects below a field: to read with a list what each of its things will be asked for."""

import asyncio
from collections.abc import Awaitable, Hashable, Iterable
from typing import Any, TypeVar, cast

from graphql import FieldNode, FragmentSpreadNode, InlineFragmentNode, SelectionSetNode
from strawberry.dataloader import DataLoader

from vedette.graphql.context import Info

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


def selects(info: Info, *path: str) -> bool:
    """Tell whether the field that is being resolved selects, level by level, the fields of `path`."""
    # strawberry's own `selected_fields` turns the whole tree into objects first; this is on the way of every list.
    return any(_selects(info, node.selection_set, path) for node in info._raw_info.field_nodes)


async def load_ahead(loader: DataLoader[K, V], keys: Iterable[K | None]) -> list[V]:
    """Load what each thing of a list will ask for, so that it is there at once; return what was found of it.

    Errors are left to those who ask.
    """
    waiting = [asyncio.ensure_future(loader.load(key)) for key in dict.fromkeys(keys) if key is not None]
    if waiting:
        await asyncio.wait(waiting)
    return [one.result() for one in waiting if not one.cancelled() and one.exception() is None]


def at_hand(loading: Awaitable[V]) -> V:
    """Return what a loader has already; what it has not is returned as it is, for the executor to await.

    Executors make a task of each thing of a list that they have to await: of what was loaded ahead, they make none.
    """
    return loading.result() if isinstance(loading, asyncio.Future) and loading.done() else cast("V", loading)


def _selects(info: Info, selected: SelectionSetNode | None, path: tuple[str, ...]) -> bool:
    if not path:
        return True
    return selected is not None and any(_leads(info, node, path) for node in selected.selections)


def _leads(info: Info, node: Any, path: tuple[str, ...]) -> bool:
    if isinstance(node, FieldNode):
        return node.name.value == path[0] and _selects(info, node.selection_set, path[1:])
    if isinstance(node, InlineFragmentNode):
        return _selects(info, node.selection_set, path)
    assert isinstance(node, FragmentSpreadNode)
    return _selects(info, info._raw_info.fragments[node.name.value].selection_set, path)
