"""What an operation selects below a field: to read with a list what each of its things will be asked for."""

from typing import Any

from graphql import FieldNode, FragmentSpreadNode, InlineFragmentNode, SelectionSetNode

from vedette.graphql.context import Info


def selects(info: Info, *path: str) -> bool:
    """Tell whether the field that is being resolved selects, level by level, the fields of `path`."""
    # strawberry's own `selected_fields` turns the whole tree into objects first; this is on the way of every list.
    return any(_selects(info, node.selection_set, path) for node in info._raw_info.field_nodes)


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
