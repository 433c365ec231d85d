"""Documents are parsed once and remembered: many of the usual ones, of large ones as many as there is room for."""

import gc

from graphql import DocumentNode, OperationDefinitionNode

from serving import Api
from vedette.graphql.plans.latest import Latest


def large(number: int) -> str:
    """Return a document of nearly as many tokens as one may have: a few megabytes once it is parsed."""
    fragments = " ".join(f"fragment f{n} on Instance {{ {'version ' * 150} }}" for n in range(13))
    return f"query Large{number} {{ instance {{ {' '.join(f'...f{n}' for n in range(13))} }} }} {fragments}"


def remembered(name: str) -> int:
    """Return how many documents there are in memory with an operation of a name that begins so."""
    gc.collect()
    documents = [one for one in gc.get_objects() if isinstance(one, DocumentNode)]
    operations = [
        one for document in documents for one in document.definitions if isinstance(one, OperationDefinitionNode)
    ]
    return sum(one.name is not None and one.name.value.startswith(name) for one in operations)


async def test_many_large_documents_do_not_fill_the_memory(api: Api) -> None:
    for number in range(30):
        answer = await api.answer(large(number))
        assert "data" in answer or {error["extensions"]["code"] for error in answer["errors"]} == {"LIMIT_EXCEEDED"}
    assert remembered("Large") < 15


async def test_the_usual_ones_are_all_remembered(api: Api) -> None:
    for number in range(50):
        await api.query(f"query Small{number} {{ instance {{ version }} }}")
    assert remembered("Small") == 50


def test_what_was_not_used_for_longest_goes_first() -> None:
    latest: Latest[str] = Latest(3, 10)
    for key in "abc":
        latest.keep(key, key.upper(), 1)
    assert latest.get("a") == "A"
    latest.keep("d", "D", 1)
    assert [latest.get(key) for key in "abcd"] == ["A", None, "C", "D"]
    latest.keep("e", "E", 8)
    assert [latest.get(key) for key in "acde"] == [None, "C", "D", "E"]
    latest.keep("f", "F", 100)
    assert [latest.get(key) for key in "cdef"] == [None, None, None, "F"]
    latest.keep("f", "G", 1)
    latest.keep("g", "H", 9)
    assert [latest.get(key) for key in "fg"] == ["G", "H"]
