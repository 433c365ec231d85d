"""Secret values of run configs: found by the schema, hidden, sealed, opened."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Secret, SecretStr

from vedette import Config, EnvVar, RunConfig, job, op
from vedette.domain import secrets

PASSWORD = {"type": "string", "writeOnly": True}
SCHEMA: dict[str, Any] = {
    "$defs": {
        "Login": {"properties": {"password": PASSWORD}},
        "Tree": {"properties": {"on": {"$ref": "#/$defs/Tree"}}},
    },
    "properties": {
        "login": {"$ref": "#/$defs/Login"},
        "maybe": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/Login"}]},
        "many": {"type": "array", "items": PASSWORD},
        "pair": {"prefixItems": [{"type": "string"}, PASSWORD]},
        "named": {"additionalProperties": PASSWORD},
        "whole": {"type": "object", "writeOnly": True},
        "tree": {"$ref": "#/$defs/Tree"},
        "plain": {"type": "string"},
    },
}
CONFIG: dict[str, Any] = {
    "login": {"password": "a1", "user": "ann"},
    "maybe": {"password": "b2"},
    "many": ["c3", {"env": "NAME"}],
    "pair": ["x", "d4"],
    "named": {"one": "e5", "none": None},
    "whole": {"in": ["f6"]},
    "tree": {"on": {"on": {}}},
    "plain": "y",
}


def test_secrets_are_found_wherever_the_schema_marks_them() -> None:
    marked = secrets.marked(SCHEMA, CONFIG)
    assert list(secrets.values(marked)) == ["a1", "b2", "c3", "d4", "e5", "f6"]
    assert secrets.unmarked(marked) == CONFIG
    assert secrets.masked(marked) == {
        "login": {"password": secrets.MASK, "user": "ann"},
        "maybe": {"password": secrets.MASK},
        "many": [secrets.MASK, {"env": "NAME"}],
        "pair": ["x", secrets.MASK],
        "named": {"one": secrets.MASK, "none": None},
        "whole": secrets.MASK,
        "tree": {"on": {"on": {}}},
        "plain": "y",
    }


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["login", "password", "many", "x"]), inner),
)


@given(JSON)
def test_what_is_sealed_opens_to_what_it_was(config: Any) -> None:
    kept: dict[str, Any] = {}

    def seal(value: Any) -> str:
        kept[str(len(kept))] = value
        return str(len(kept) - 1)

    sealed = secrets.sealed(secrets.marked(SCHEMA, config), seal)
    assert secrets.opened(sealed, kept.__getitem__) == config
    assert not secrets.holds(sealed, secrets.SECRET)
    assert secrets.masked(sealed) == secrets.masked(secrets.marked(SCHEMA, config))


def test_a_schema_without_secrets_changes_nothing() -> None:
    assert secrets.marked({"properties": {"plain": {"type": "string"}}}, CONFIG) is CONFIG
    assert secrets.marked(None, CONFIG) is CONFIG


def test_a_text_is_told_without_them() -> None:
    told = secrets.redacted("given plum and a\\nb, 77", iter(["plum", "a\nb", 77]))
    assert told == f"given {secrets.MASK} and {secrets.MASK}, {secrets.MASK}"


class Login(Config):
    password: SecretStr
    pin: Secret[int] = Secret(0)
    codes: tuple[SecretStr, ...] = ()
    pins: tuple[Secret[int], ...] = ()


class Fetch(Config):
    login: Login
    user: str = "ann"


@op
def fetch(config: Fetch) -> None:
    assert config.login.password.get_secret_value() == "plum"


@job
def fetches() -> None:
    fetch()


LOGIN: dict[str, Any] = {"password": "plum", "pin": 7, "codes": ["a1"], "pins": [3]}


@pytest.mark.parametrize(
    "run_config",
    [
        RunConfig(ops={"fetch": Fetch(login=Login(**LOGIN))}),
        {"ops": {"fetch": {"config": {"login": {**LOGIN}}}}},
    ],
)
def test_authors_write_them_as_pydantic_has_them(run_config: Any) -> None:
    plain = run_config.to_dict() if isinstance(run_config, RunConfig) else run_config
    assert plain["ops"]["fetch"]["config"]["login"] == LOGIN
    marked = fetches.shape.marked(plain)
    assert list(secrets.values(marked)) == ["plum", 7, "a1", 3]
    assert secrets.masked(marked)["ops"]["fetch"]["config"]["login"]["codes"] == [secrets.MASK]
    assert fetches.execute_in_process(run_config).success


def test_one_of_the_environment_stays_a_name() -> None:
    config = RunConfig(ops={"fetch": {"login": {"password": EnvVar("PASSWORD")}}}).to_dict()
    assert config["ops"]["fetch"]["config"] == {"login": {"password": {"env": "PASSWORD"}}}
    assert list(secrets.values(fetches.shape.marked(config))) == []
