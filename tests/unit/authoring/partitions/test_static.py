"""Static, dynamic and multi-dimensional partitions, as authors ask them."""

import pickle
from collections.abc import Sequence

import msgspec
import pytest

from vedette import (
    DefinitionError,
    DynamicPartitionsDefinition,
    InvalidResult,
    InvocationError,
    MultiPartitionKey,
    MultiPartitionsDefinition,
    PartitionKeyRange,
    StaticPartitionsDefinition,
    UnknownPartition,
)
from vedette.domain.partitions import Partitions

OCEANS = StaticPartitionsDefinition(["arctic", "atlantic", "indian", "pacific"])


class Store:
    """Knows some dynamic keys."""

    def get_dynamic_partitions(self, partitions_def_name: str) -> Sequence[str]:
        return {"images": ["a.png", "b.png"]}.get(partitions_def_name, [])

    def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
        return partition_key in self.get_dynamic_partitions(partitions_def_name)


def test_static_keys_keep_their_order() -> None:
    assert list(OCEANS.get_partition_keys()) == ["arctic", "atlantic", "indian", "pacific"]
    assert (OCEANS.get_first_partition_key(), OCEANS.get_last_partition_key()) == ("arctic", "pacific")
    assert OCEANS.get_next_partition_key("arctic") == "atlantic"
    assert OCEANS.get_next_partition_key("pacific") is None
    assert OCEANS.get_prev_partition_key("atlantic") == "arctic"
    assert OCEANS.get_prev_partition_key("arctic") is None
    assert OCEANS.get_num_partitions() == 4
    assert OCEANS.has_partition_key("indian")
    assert not OCEANS.has_partition_key("baltic")


def test_a_range_has_both_its_ends() -> None:
    assert list(OCEANS.get_partition_keys_in_range(PartitionKeyRange("atlantic", "pacific"))) == [
        "atlantic", "indian", "pacific"
    ]  # fmt: skip
    with pytest.raises(UnknownPartition, match="baltic"):
        OCEANS.get_partition_keys_in_range(PartitionKeyRange("arctic", "baltic"))


def test_a_key_that_there_is_not_is_named() -> None:
    with pytest.raises(UnknownPartition, match=r"no partition 'baltic' of StaticPartitionsDefinition\('arctic', "):
        OCEANS.validate_partition_key("baltic")


@pytest.mark.parametrize(
    ("keys", "flaw"),
    [
        (["a", "a"], 'key "a" twice'),
        ("abc", "list of str"),
        ([1], "no str but int"),
        ([""], "is empty"),
        (["a...b"], "control character"),
        (["x" * 1025], "longer than 1024 bytes"),
    ],
)
def test_bad_keys_are_refused_where_they_are_written(keys: list[str], flaw: str) -> None:
    with pytest.raises(DefinitionError, match=flaw):
        StaticPartitionsDefinition(keys)


def test_dynamic_keys_are_those_of_the_store() -> None:
    images = DynamicPartitionsDefinition("images")
    assert list(images.get_partition_keys(dynamic_partitions_store=Store())) == ["a.png", "b.png"]
    assert images.has_partition_key("a.png", dynamic_partitions_store=Store())
    with pytest.raises(InvocationError, match=r'"images".*dynamic_partitions_store=context\.instance'):
        images.get_partition_keys()


def test_dynamic_partitions_make_requests() -> None:
    images = DynamicPartitionsDefinition("images")
    assert images.build_add_request(["c.png"]).partition_keys == ("c.png",)
    assert images.build_delete_request(["a.png"]).partitions_def_name == "images"
    with pytest.raises(InvalidResult, match='partitions "images" is no str but int'):
        images.build_add_request([3])  # type: ignore[list-item]  # what is tried
    with pytest.raises(DefinitionError, match="is empty"):
        DynamicPartitionsDefinition("")


def test_dimensions_are_combined_in_the_order_of_their_names() -> None:
    both = MultiPartitionsDefinition(
        {"ocean": OCEANS, "colour": StaticPartitionsDefinition(["blue", "green"])}
    )  # fmt: skip
    keys = both.get_partition_keys()
    assert list(keys)[:3] == ["blue|arctic", "blue|atlantic", "blue|indian"]
    assert len(keys) == both.get_num_partitions() == 8
    assert keys[4] == list(keys)[4] == keys[-4]
    assert keys[3:6] == list(keys)[3:6]
    assert both.partition_dimension_names == ["colour", "ocean"]
    assert both.has_partition_key("green|indian")
    assert both.has_partition_key(MultiPartitionKey({"ocean": "indian", "colour": "green"}))
    assert not both.has_partition_key("indian|green")
    assert not both.has_partition_key("green")
    assert both.get_partition_key_from_str("green|indian").keys_by_dimension == {"colour": "green", "ocean": "indian"}


def test_a_key_of_dimensions_is_a_str_that_survives_pickling() -> None:
    key = MultiPartitionKey({"b": "2", "a": "1"})
    assert key == "1|2"
    copy = pickle.loads(pickle.dumps(key))
    assert (copy, copy.keys_by_dimension) == ("1|2", {"a": "1", "b": "2"})


def test_bad_dimensions_are_refused() -> None:
    with pytest.raises(DefinitionError, match="two dimensions or more"):
        MultiPartitionsDefinition({"a": OCEANS})
    with pytest.raises(DefinitionError, match=r'key "x\|y" of the dimension "a"'):
        MultiPartitionsDefinition({"a": StaticPartitionsDefinition(["x|y"]), "b": OCEANS})
    with pytest.raises(DefinitionError, match='dimension "b"'):
        MultiPartitionsDefinition({"a": OCEANS, "b": "nonsense"})  # type: ignore[dict-item]  # what is tried


def test_descriptions_survive_the_wire() -> None:
    both = MultiPartitionsDefinition({"a": OCEANS, "b": DynamicPartitionsDefinition("images")})
    for spec in (OCEANS.spec, both.spec):
        read: Partitions = msgspec.json.decode(msgspec.json.encode(spec), type=Partitions)  # type: ignore[arg-type, unused-ignore]
        assert read == spec
