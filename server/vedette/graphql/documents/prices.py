"""What operations are priced at, by their variables, and what is too much; worked out once for what comes again."""

from collections.abc import Sequence

from graphql import GraphQLError, GraphQLSchema

from vedette.graphql.connections import LARGEST_SIZE
from vedette.graphql.documents.costs import Asked, Cost, Price
from vedette.graphql.documents.limits import Limits
from vedette.graphql.documents.operations import CACHED_DOCUMENTS, parsed
from vedette.graphql.documents.requests import Operation
from vedette.graphql.documents.variables import flaw_of
from vedette.graphql.errors import BAD_PAGE_SIZE, RequestError, limit_exceeded
from vedette.graphql.plans.executor import MOST_TEXT
from vedette.graphql.plans.latest import Latest


class Prices:
    """The prices of the operations that were asked for last."""

    def __init__(self, schema: GraphQLSchema, limits: Limits) -> None:
        self._schema = schema
        self._limits = limits
        self._known: Latest[Price] = Latest(CACHED_DOCUMENTS, MOST_TEXT)

    def priced(self, operation: Operation) -> tuple[Operation, Sequence[GraphQLError]]:
        """Return a valid operation with its cost, and what is wrong with its variables or its cost."""
        flaw = flaw_of(operation.variables, self._limits)
        if flaw is not None:
            return operation, [flaw]
        key = operation.key()
        price = self._known.get(key)
        if price is None:
            price, found = self._price(operation)
            if found:
                return operation, found
            self._known.keep(key, price, len(operation.text) + len(key[-1]))
        return operation._replace(cost=sum(price), effects=price.effects), []

    def _price(self, operation: Operation) -> tuple[Price, Sequence[GraphQLError]]:
        limits = self._limits
        cost = Cost(self._schema, parsed(operation.text, limits.max_tokens), operation.variables)
        price = cost.of(operation.node)
        # A size that no setting allows is the field's to refuse; the operation's other fields are answered.
        found = [self._large(page) for page in cost.pages if limits.max_page_size < page.size <= LARGEST_SIZE]
        found += [
            limit_exceeded("max_nodes", limits.max_nodes, f"The field {one.field} has {one.size} ids")
            for one in cost.named
            if one.size > limits.max_nodes
        ]
        requested = sum(price)
        if requested > limits.max_cost:
            asked = f"The operation asks for up to {requested} objects, by the sizes of its pages"
            found.append(limit_exceeded("max_cost", limits.max_cost, asked))
        return price, found

    def _large(self, page: Asked) -> RequestError:
        most = self._limits.max_page_size
        said = (
            f"A page of {page.field} has at most {most} things (max_page_size), not {page.size}; "
            "follow pageInfo for more."
        )
        return RequestError(BAD_PAGE_SIZE, said, limit="max_page_size", most=most)
