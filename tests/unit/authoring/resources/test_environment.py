import copy
import json
import pickle
import string
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field, ValidationError, field_validator

from vedette import Config, ConfigurableResource, EnvVar, InvalidConfig, InvocationError, RunConfig, job, op
from vedette.authoring import redaction
from vedette.authoring.redaction import keep_secret, redacted
from vedette.authoring.text import shown


class Database(Config):
    password: str
    port: int = 5432
    name: str | None = None
    host: str = Field("local", min_length=1)

    @field_validator("password")
    @classmethod
    def begins_well(cls, password: str) -> str:
        """Refuse what the variable's name would be."""
        if not password.startswith("pw"):
            raise ValueError("begins otherwise")
        return password


class Outer(Config):
    database: Database
    words: tuple[str, ...] = ()


@op
def uses(config: Outer) -> str:
    return config.database.password


@job
def uses_env() -> None:
    uses()


REFERRING = Outer(database=Database(password=EnvVar("PW"), port=EnvVar.int("PORT")), words=(EnvVar("WORD"),))


def test_a_variable_stands_for_its_value_until_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    assert REFERRING.holds_references
    assert "EnvVar('PW')" in repr(REFERRING)
    monkeypatch.setenv("PW", "pw-secret")
    monkeypatch.setenv("PORT", "7777")
    monkeypatch.setenv("WORD", "word-secret")
    value = REFERRING.read('op "a"')
    assert (value.database.password, value.database.port, value.words) == ("pw-secret", 7777, ("word-secret",))
    assert not value.holds_references
    for text in (repr(value), str(value)):
        assert "secret" not in text
        assert "7777" not in text
        assert "EnvVar.int('PORT')" in text


def test_run_config_holds_names_which_the_schema_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = RunConfig(ops={"uses": REFERRING}).to_dict()
    names = {"database": {"password": {"env": "PW"}, "port": {"env": "PORT"}}, "words": [{"env": "WORD"}]}
    assert plain == {"ops": {"uses": {"config": names}}}
    jsonschema.validate(plain, uses_env.config_schema())
    assert uses_env.resolve_config(plain)["uses"].holds_references
    for name, value in {"PW": "pw-here", "PORT": "1", "WORD": "w"}.items():
        monkeypatch.setenv(name, value)
    result = uses_env.execute_in_process(RunConfig(ops={"uses": REFERRING}))
    assert result.output_for_node("uses") == "pw-here"
    assert uses_env.execute_in_process(plain).success


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"password": EnvVar("PW"), "port": "x"}, ["port", "valid integer"]),
        ({"password": EnvVar("PW"), "prot": 1}, ["prot", "not permitted"]),
        ({"port": EnvVar.int("PORT")}, ["password", "required"]),
        ({"password": {"env": "PW"}, "host": ""}, ["host", "at least 1 character"]),
        ({"password": {"other": "PW"}}, ["password", "valid string"]),
    ],
)
def test_what_is_wrong_whatever_the_variables_hold_is_told_at_once(fields: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(ValidationError) as caught:
        Database(**fields)
    for word in words:
        assert word in str(caught.value)


def test_a_value_that_is_missing_or_refused_is_told_by_the_names_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidConfig, match=r'variable PW, which op "a" needs, is not set'):
        Database(password=EnvVar("PW")).read('op "a"')
    monkeypatch.setenv("PW", "my-own-password")
    with pytest.raises(InvalidConfig, match="password: Value error, begins otherwise") as caught:
        Database(password=EnvVar("PW")).read('op "a"')
    assert "my-own" not in str(caught.value)
    monkeypatch.setenv("PORT", "seven-and-a-half")
    with pytest.raises(InvalidConfig, match="variable PORT holds no whole number") as caught:
        Database(password="pw", port=EnvVar.int("PORT")).read('op "a"')
    assert "seven" not in str(caught.value)


def test_a_variable_is_no_text_and_says_what_to_do() -> None:
    for variable in (EnvVar("PW"), EnvVar.int("PORT")):
        with pytest.raises(InvocationError, match=r"get_value\(\)"):
            str(variable)
        with pytest.raises(InvocationError, match=r"get_value\(\)"):
            f"{variable}"
    assert repr(EnvVar.int("PORT")) == "EnvVar.int('PORT')"
    for variable in (EnvVar("PW"), EnvVar.int("PORT")):
        for same in (copy.deepcopy(variable), pickle.loads(pickle.dumps(variable))):
            assert (type(same), same.env_var_name) == (type(variable), variable.env_var_name)


def test_get_value_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert EnvVar("PW").get_value() is None
    assert EnvVar("PW").get_value("default") == "default"
    monkeypatch.setenv("PW", "5")
    assert (EnvVar("PW").get_value(), EnvVar.int("PW").get_value()) == ("5", 5)


class Api(ConfigurableResource):
    token: str
    headers: dict[str, str] | None = None


def test_a_resource_shows_names_in_its_repr() -> None:
    assert repr(Api(token=EnvVar("TOKEN"), headers={"a": EnvVar("B")})) == (
        "Api(token=EnvVar('TOKEN'), headers={'a': EnvVar('B')})"
    )


SECRETS = st.text(string.ascii_letters + string.digits + string.punctuation + " \n\t\"'\\äöü€", min_size=8, max_size=80)


@settings(max_examples=60)
@given(SECRETS.filter(lambda text: len(text.strip()) >= 8 and not text.startswith("pw")))
def test_a_secret_is_struck_out_of_any_text_that_holds_it(secret: str) -> None:
    redaction._SHOWN.clear()
    keep_secret("NAME", secret)
    for text in (secret, f"it is {secret}!", repr({"a": secret}), json.dumps([secret]), shown([secret]), shown(secret)):
        assert secret not in redacted(text)
        assert "NAME" in redacted(text)
    for line in redacted(f"a\n{secret}\nb").split("\n"):
        assert secret not in line
    with pytest.raises(ValidationError) as caught:
        Database(password="pw", port=[secret])
    assert secret not in redacted(str(caught.value))
    with pytest.raises(ValidationError) as caught:
        Database(password=secret)
    assert len(secret) < 24 or secret[:24] not in redacted(str(caught.value))


def test_short_values_are_left_alone() -> None:
    keep_secret("SHORT", "the")
    assert redacted("the end") == "the end"
