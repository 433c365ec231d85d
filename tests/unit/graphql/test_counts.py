"""What is asked for is counted without spreading it out, and what is given as the executor meets it."""

from random import Random
from typing import Any

import graphql
from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    Visitor,
    build_schema,
    get_operation_ast,
    parse,
    visit,
)
from graphql.execution import Executor
from hypothesis import HealthCheck, given, settings

from documents import CONDITIONS, SEEDS, Drawn, documents
from vedette.graphql.connections import DEFAULT_SIZE, LARGEST_SIZE
from vedette.graphql.documents.costs import LIST_SIZE, Cost
from vedette.graphql.documents.counts import count, counted_fields
from vedette.graphql.documents.limits import Measure

SCHEMA = build_schema(
    """
    type Query { things(first: Int, last: Int): ThingConnection thing: Thing! any: Any lists: [[Thing]!] }
    type ThingConnection { edges: [ThingEdge!]! pageInfo: PageInfo! }
    type ThingEdge { cursor: String! node: Thing }
    type PageInfo { endCursor: String }
    interface Named { name: String! other: Other }
    type Thing implements Named { name: String! other: Other anys: [Any] things(first: Int): ThingConnection! }
    type Other implements Named { name: String! other: Other thing: Thing }
    union Any = Thing | Other
    """
)
FEW = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))


def operation_of(document: DocumentNode) -> OperationDefinitionNode:
    operation = get_operation_ast(document)
    assert operation is not None
    return operation


class _Spread(Visitor):
    def __init__(self, document: DocumentNode) -> None:
        super().__init__()
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }

    def leave_fragment_spread(self, node: FragmentSpreadNode, *_: Any) -> InlineFragmentNode:
        fragment = self._fragments[node.name.value]
        return InlineFragmentNode(
            type_condition=fragment.type_condition,
            directives=node.directives,
            selection_set=visit(fragment.selection_set, self),
        )


def spread(document: DocumentNode) -> DocumentNode:
    """Return the document with every fragment in each place where it is spread."""
    return DocumentNode(definitions=(visit(operation_of(document), _Spread(document)),))


def plain_cost(selected: Any, parent: Any, variables: dict[str, Any]) -> int:
    """Return the cost of a selection without named fragments, told as the manual tells it."""
    total = 0
    for node in selected.selections:
        if isinstance(node, InlineFragmentNode):
            at = parent if node.type_condition is None else SCHEMA.type_map[node.type_condition.name.value]
            total += plain_cost(node.selection_set, at, variables)
            continue
        if node.selection_set is None:
            continue
        field = parent.fields[node.name.value]
        kind = graphql.get_named_type(field.type)
        inner = plain_cost(node.selection_set, kind, variables)
        if kind.name in {"ThingEdge", "PageInfo"} or parent.name == "ThingEdge":
            total += inner
        elif kind.name == "ThingConnection":
            total += page_size(node, variables) * (1 + inner)
        else:
            total += (LIST_SIZE if graphql.is_list_type(field.type) else 1) * (1 + inner)
    return total


def page_size(node: Any, variables: dict[str, Any]) -> int:
    sizes = [graphql.value_from_ast_untyped(argument.value, variables) for argument in node.arguments]
    given_sizes = [size for size in sizes if isinstance(size, int)]
    return min(LARGEST_SIZE, max([0, *given_sizes])) if given_sizes else DEFAULT_SIZE


@FEW
@given(documents(SCHEMA))
def test_fragments_and_aliases_cost_what_they_stand_for(drawn: Drawn) -> None:
    whole, plain = drawn.document, spread(drawn.document)
    price = Cost(SCHEMA, whole, drawn.variables).of(operation_of(whole))
    assert price.effects == 0
    assert price.objects == plain_cost(operation_of(plain).selection_set, SCHEMA.query_type, drawn.variables)


@FEW
@given(documents(SCHEMA))
def test_a_document_is_as_large_as_with_its_fragments_spread_out(drawn: Drawn) -> None:
    plain = spread(drawn.document)
    found = Measure(drawn.document).selection(operation_of(drawn.document).selection_set)
    assert found == Measure(plain).selection(operation_of(plain).selection_set)


class _Counting(Executor[Any]):
    """Notes where the objects of an answer are, and of what types they and what has them are."""

    def complete_object_value(self, return_type: Any, details: Any, info: Any, path: Any, *more: Any) -> Any:
        self.context_value.append((tuple(path.as_list()), return_type.name, info.parent_type.name))
        return super().complete_object_value(return_type, details, info, path, *more)


def value(kind: Any, random: Random, most: int) -> Any:
    """Return some value of a type."""
    if graphql.is_non_null_type(kind):
        return value(kind.of_type, random, most)
    if random.random() < 0.15:
        return None
    if graphql.is_list_type(kind):
        return [value(kind.of_type, random, most) for _ in range(random.randint(0, most))]
    return str(random.random()) if graphql.is_leaf_type(kind) else {"is_thing": random.random() < 0.5}


def answered(drawn: Drawn, seed: int) -> tuple[Any, list[Any]]:
    """Return the data of an answer with some nulls and errors, and the objects that were met."""
    random, met = Random(seed), []  # type: ignore[var-annotated]  # whatever is met

    def resolve(source: Any, info: graphql.GraphQLResolveInfo[Any], **arguments: Any) -> Any:
        kind = info.return_type
        if str(kind).startswith("ThingConnection"):
            sizes = [size for size in arguments.values() if size is not None]
            return {"most": min(3, max([0, *sizes])) if sizes else 3}
        most = source["most"] if info.field_name == "edges" else 3
        return value(kind, random, most)

    result = graphql.execute_sync(
        SCHEMA,
        drawn.document,
        variable_values=drawn.variables | dict.fromkeys(CONDITIONS, seed % 2 == 0),
        field_resolver=resolve,
        type_resolver=lambda of, _info, _kind: "Thing" if of["is_thing"] else "Other",
        context_value=met,
        executor_class=_Counting,
    )
    return result.data, met


def is_there(data: Any, path: tuple[Any, ...]) -> bool:
    """Tell whether an error above has not made a null of it."""
    for key in path:
        if data is None:
            return False
        data = data[key]
    return data is not None


@FEW
@given(documents(SCHEMA, allow_null=False), SEEDS)
def test_what_is_given_is_counted_as_the_executor_meets_it(drawn: Drawn, seed: int) -> None:
    data, met = answered(drawn, seed)
    there = [(path, kind, parent) for path, kind, parent in met if is_there(data, path)]
    # What is on a page counts once, by whatever names its edges are asked for.
    on_pages = {(path[:-2], path[-1]) for path, kind, _ in there if kind == "ThingEdge"}
    others = [path for path, kind, parent in there if kind in {"Thing", "Other"} and parent != "ThingEdge"]
    operation = operation_of(drawn.document)
    actual = count(counted_fields(SCHEMA, drawn.document, operation), [data] if data else [])
    assert actual == len(on_pages) + len(others)
    # No list is longer here than lists are taken to be.
    assert actual <= Cost(SCHEMA, drawn.document, drawn.variables).of(operation).objects


def test_a_bomb_of_fragments_is_looked_at_once() -> None:
    levels = 200
    parts = [f"fragment F{at} on Query {{ ...F{at + 1} ...F{at + 1} }}" for at in range(levels)]
    document = parse(f"{{ ...F0 }} {' '.join(parts)} fragment F{levels} on Query {{ thing {{ name }} }}")
    fields = counted_fields(SCHEMA, document, operation_of(document))
    assert count(fields, [{"thing": {"name": "a"}}]) == 1
    assert Cost(SCHEMA, document, {}).of(operation_of(document)).objects == 2**levels
