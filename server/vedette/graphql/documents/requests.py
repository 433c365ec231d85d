"""What a client asks for, and what stands in it: the document, the operation and its kind, the variables."""

from typing import Any, NamedTuple

import msgspec
from graphql import (
    FieldNode,
    GraphQLError,
    IntValueNode,
    OperationDefinitionNode,
    OperationType,
    StringValueNode,
    ValueNode,
    VariableNode,
    get_operation_ast,
)

from vedette.access.quotas import Charge
from vedette.graphql.documents.operations import parsed
from vedette.graphql.errors import INVALID_DOCUMENT, RequestError
from vedette.graphql.scalars import StreamPosition, parse_position

RESUME_ARGUMENT = "after"
# Of what nobody is charged for.
NOBODYS = Charge()


class Request(msgspec.Struct, rename="camel", frozen=True):
    """The parameters of a request, as GraphQL over HTTP names them; websockets and event streams have the same."""

    query: str | None = None
    document_id: str | None = None
    operation_name: str | None = None
    variables: dict[str, Any] | None = None
    extensions: dict[str, Any] | None = None


class Refused(Exception):
    """A request that is not executed; `errors` say why."""

    def __init__(self, *errors: GraphQLError) -> None:
        super().__init__(errors[0].message)
        self.errors = errors


class Operation(NamedTuple):
    """An operation that can be executed. `cost` is the number of objects that it may ask for, `effects` the part of it
    that it costs whatever it is answered; `charge` is who pays for it.
    """

    text: str
    node: OperationDefinitionNode
    name: str | None
    variables: dict[str, Any]
    cost: int = 0
    effects: int = 0
    charge: Charge = NOBODYS

    @property
    def kind(self) -> OperationType:
        """Return whether it is a query, a mutation or a subscription."""
        return self.node.operation

    def resume_after(self) -> StreamPosition | None:
        """Return the position that a subscription gives; raises RequestError for what is none."""
        asked = self._resume_node()
        if isinstance(asked, VariableNode):
            given = self.variables.get(asked.name.value)
            return None if given is None else parse_position(given)
        return parse_position(asked.value) if isinstance(asked, StringValueNode | IntValueNode) else None

    def key(self) -> tuple[str, str | None, bytes]:
        """Return what is the same for operations that ask the same."""
        return self.text, self.name, msgspec.json.encode(self.variables, order="deterministic")

    def sharing_key(self) -> tuple[str, str | None, bytes]:
        """Return what is the same for operations that tell the same from the same position on."""
        asked = self._resume_node()
        variables = self.variables
        # Declared once and used once: then it says where to begin, and nothing else.
        if isinstance(asked, VariableNode) and self.text.count(f"${asked.name.value}") == 2:
            variables = {name: value for name, value in variables.items() if name != asked.name.value}
        return self._replace(variables=variables).key()

    def _resume_node(self) -> ValueNode | None:
        for field in self.node.selection_set.selections:
            if isinstance(field, FieldNode):
                for argument in field.arguments or ():
                    if argument.name.value == RESUME_ARGUMENT:
                        return argument.value
        return None


def operation_of(text: str, name: str | None, variables: dict[str, Any] | None, max_tokens: int) -> Operation:
    """Return the operation of a document that is meant. Raises GraphQLError for a text that is none or has none."""
    node = get_operation_ast(parsed(text, max_tokens), name)
    if node is None:
        wanted = "several operations; give operationName" if name is None else f"no operation {name[:80]!r}"
        raise RequestError(INVALID_DOCUMENT, f"The document has {wanted}.")
    return Operation(text, node, name, variables or {})
