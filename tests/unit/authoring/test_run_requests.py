import dataclasses
from datetime import timedelta
from typing import Any

import pytest

from vedette import Config, Dedup, InvalidConfig, InvalidResult, RunConfig, RunRequest, SensorResult, SkipReason


class Reading(Config):
    path: str
    lines: int = 3


def test_a_request_is_immutable_hashable_and_comparable() -> None:
    request = RunRequest("k", {"ops": {}}, {"a": "b"}, "j", "2026")
    assert request == RunRequest(
        run_key="k", run_config={"ops": {}}, tags={"a": "b"}, job_name="j", partition_key="2026"
    )
    assert len({request, RunRequest("k", {"ops": {}}, {"a": "b"}, "j", "2026")}) == 1
    assert request.with_replaced_attrs(run_key="l").run_key == "l"
    with pytest.raises(dataclasses.FrozenInstanceError):
        request.run_key = "x"  # type: ignore[misc]  # that is the test


def test_a_run_config_of_config_objects_becomes_plain() -> None:
    request = RunRequest(run_config=RunConfig(ops={"read": Reading(path="a"), "other": {"x": 1}}))
    assert request.run_config == {"ops": {"read": {"config": {"path": "a", "lines": 3}}, "other": {"config": {"x": 1}}}}
    assert RunRequest(run_config=RunConfig()).run_config == {}
    assert RunRequest().run_config == {}


def test_the_scope_of_a_run_key_is_a_word_or_a_time() -> None:
    assert RunRequest("k").dedup is Dedup.FOREVER
    assert RunRequest("k", dedup="until_success").dedup is Dedup.UNTIL_SUCCESS
    assert RunRequest("k", dedup=Dedup.WHILE_ACTIVE).dedup is Dedup.WHILE_ACTIVE
    assert RunRequest("k", dedup=timedelta(hours=1)).with_replaced_attrs(run_key="l").dedup == timedelta(hours=1)


def test_tag_values_that_are_no_text_are_written_as_json() -> None:
    assert RunRequest(tags={"a": 1, "b": [True], "c": "x"}).tags == {"a": "1", "b": "[true]", "c": "x"}


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"run_key": 5}, "run_key of a RunRequest is a str, not 5"),
        ({"run_key": "a\x00"}, "NUL"),
        ({"job_name": 5}, "job_name"),
        ({"partition_key": 5}, "partition_key"),
        ({"tags": ["a"]}, "mapping"),
        ({"tags": {1: "a"}}, "key is a str"),
        ({"tags": {"a": object()}}, 'tag "a" is not JSON'),
        ({"asset_selection": "a"}, "asset_selection of a RunRequest is a list of asset keys, not 'a'"),
        ({"asset_selection": [3]}, "An asset key is one text or a list of texts"),
        ({"asset_check_keys": ["a"]}, "asset_check_keys of a RunRequest are a list of AssetCheckKey, not 'a'"),
        ({"nonsense": 1}, "no argument nonsense"),
        ({"run_key": "k", "dedup": "sometimes"}, '"forever", "until_success", "while_active", or a timedelta'),
        ({"run_key": "k", "dedup": Dedup.TTL}, "or a timedelta, not"),
        ({"run_key": "k", "dedup": 60}, "or a timedelta, not 60"),
        ({"run_key": "k", "dedup": timedelta(0)}, "a time above 0"),
        ({"dedup": "while_active"}, "give it a run_key too"),
    ],
)
def test_a_bad_request_is_refused_where_it_is_made(arguments: dict[str, Any], word: str) -> None:
    with pytest.raises(InvalidResult, match=word):
        RunRequest(**arguments)


def test_a_run_config_of_another_type_is_refused() -> None:
    with pytest.raises(InvalidConfig, match="mapping"):
        RunRequest(run_config=[1])  # type: ignore[arg-type]  # that is the test


def test_a_sensor_result_takes_any_iterable_and_tells_cursors_apart() -> None:
    result = SensorResult(RunRequest(key) for key in "ab")
    assert [request.run_key for request in result.run_requests] == ["a", "b"]
    assert SensorResult(cursor="").cursor == ""
    assert SensorResult(cursor=None).cursor is None
    assert SensorResult().cursor not in ("", None)
    assert SensorResult(skip_reason="why").skip_reason == SkipReason("why")


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"run_requests": [RunRequest()], "skip_reason": "x"}, "not both"),
        ({"run_requests": [5]}, "no RunRequest"),
        ({"run_requests": 5}, "iterable"),
        ({"skip_reason": 5}, "skip_reason"),
        ({"cursor": 5}, "json.dumps"),
    ],
)
def test_a_sensor_result_that_contradicts_itself_is_refused(arguments: dict[str, Any], word: str) -> None:
    with pytest.raises(InvalidResult, match=word):
        SensorResult(**arguments)


def test_a_run_key_fits_into_an_index() -> None:
    assert RunRequest(run_key="é" * 512).run_key == "é" * 512
    with pytest.raises(InvalidResult, match="at most 1024 bytes, not 1026"):
        RunRequest(run_key="é" * 513)


def test_config_refuses_unknown_fields_and_changes() -> None:
    with pytest.raises(ValueError, match="extra"):
        Reading(path="a", other=1)  # type: ignore[call-arg]  # that is the test
    with pytest.raises(ValueError, match="frozen"):
        Reading(path="a").path = "b"  # type: ignore[misc]  # that is the test
