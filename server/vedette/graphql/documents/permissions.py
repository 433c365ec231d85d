"""Whether who asks may: decided before anything is executed, by the fields that an operation has at its root."""

from collections.abc import Hashable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from graphql import FieldNode, FragmentDefinitionNode, FragmentSpreadNode, InlineFragmentNode, get_operation_ast

from vedette.access import roles
from vedette.access.authority import EVERYBODY, Authority
from vedette.domain.access import RANK, Role
from vedette.graphql.documents.limits import Limits
from vedette.graphql.documents.operations import parsed
from vedette.graphql.documents.requests import Operation, Refused
from vedette.graphql.errors import FORBIDDEN, RequestError

_CACHED_OPERATIONS = 1024


class Demand(NamedTuple):
    """What an operation takes: the greatest role that a field at its root needs, and that field.

    `is_personal`: the answer is for who asks alone. `fields` are all at its root.
    """

    role: Role
    field: str
    is_personal: bool
    fields: tuple[str, ...]


def permit(operation: Operation, authority: Authority, limits: Limits) -> None:
    """Raise Refused where the authority may not execute the operation, or not ask what the schema is."""
    if authority is EVERYBODY:
        return
    demand = _demand(operation.text, operation.name, limits)
    if not authority.role.covers(demand.role):
        has = "this server is read-only" if authority.is_reading else f"{authority.actor} has {authority.role}"
        raise Refused(RequestError(FORBIDDEN, f"{demand.field} needs the role {demand.role}; {has}."))


def sharing_key(operation: Operation, authority: Authority, limits: Limits) -> Hashable:
    """Return what is the same for authorities whose answers to an operation are the same."""
    if authority is EVERYBODY:
        return None
    return authority if is_personal(operation, limits) else authority.powers


def is_personal(operation: Operation, limits: Limits) -> bool:
    """Tell whether the answer to an operation is for who asks alone."""
    return _demand(operation.text, operation.name, limits).is_personal


def root_fields(operation: Operation, limits: Limits) -> tuple[str, ...]:
    """Return the fields that an operation has at its root, by name."""
    return _demand(operation.text, operation.name, limits).fields


@lru_cache(_CACHED_OPERATIONS)
def _demand(text: str, name: str | None, limits: Limits) -> Demand:
    document = parsed(text, limits.max_tokens)
    operation = get_operation_ast(document, name)
    assert operation is not None
    kind = operation.operation.value.capitalize()
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    fields = set(_root_fields(operation, fragments, set()))
    needed = ((_needed(kind, one, limits), one) for one in sorted(fields))
    role, field = max(needed, key=lambda found: RANK[found[0]])
    return Demand(role, field, any(f"{kind}.{one}" in roles.PERSONAL for one in fields), tuple(sorted(fields)))


def _needed(kind: str, field: str, limits: Limits) -> Role:
    if field in roles.OF_THE_SCHEMA:
        return limits.introspection or Role.ADMIN
    return roles.needed(kind, field)


def _root_fields(node: Any, fragments: dict[str, FragmentDefinitionNode], seen: set[str]) -> Iterator[str]:
    for selection in node.selection_set.selections:
        if isinstance(selection, FieldNode):
            yield selection.name.value
        elif isinstance(selection, InlineFragmentNode):
            yield from _root_fields(selection, fragments, seen)
        elif isinstance(selection, FragmentSpreadNode) and selection.name.value not in seen:
            seen.add(selection.name.value)
            yield from _root_fields(fragments[selection.name.value], fragments, seen)
