"""Values of a run config that are nobody's business: found by the job's schema, hidden, sealed and opened again.

A schema marks them as pydantic marks a SecretStr: `writeOnly`. In the processes that make requests a secret value
stands as `{"vedette/secret": value}`; in the database and wherever it is passed on, as `{"vedette/sealed": text}`; for
people as MASK. A reference to an environment variable, `{"env": name}`, is no secret.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

SECRET = "vedette/secret"
SEALED = "vedette/sealed"
MASK = "********"

_BRANCHES = ("anyOf", "oneOf", "allOf")
Schema = Mapping[str, Any]


def has_secrets(schema: object) -> bool:
    """Tell whether a JSON Schema marks anything as secret."""
    if isinstance(schema, Mapping):
        return schema.get("writeOnly") is True or any(map(has_secrets, schema.values()))
    return isinstance(schema, list) and any(map(has_secrets, schema))


def marked(schema: Schema | None, config: Any) -> Any:
    """Return a run config with each secret value as `{"vedette/secret": value}`."""
    if schema is None or not has_secrets(schema):
        return config
    return _marked(_Schemas(schema), [schema], config)


def values(config: Any) -> Iterator[Any]:
    """Yield the secret values of a config that is marked."""
    for found in _at(config, SECRET):
        yield from _leaves(found)


def holds(config: Any, key: str) -> bool:
    """Tell whether anything in a config stands as `{key: …}`."""
    return next(_at(config, key), None) is not None


def unmarked(config: Any) -> Any:
    """Return a marked config with its secret values as they are."""
    return _replaced(config, SECRET, lambda value: value)


def masked(config: Any) -> Any:
    """Return a config, marked or sealed, as people may see it."""
    return _replaced(_replaced(config, SECRET, lambda _: MASK), SEALED, lambda _: MASK)


def sealed(config: Any, seal: Callable[[Any], str]) -> Any:
    """Return a marked config as it may be stored."""
    return _replaced(config, SECRET, lambda value: {SEALED: seal(value)})


def opened(config: Any, unseal: Callable[[str], Any]) -> Any:
    """Return a sealed config with its secret values as they are."""
    return _replaced(config, SEALED, unseal)


def redacted(text: str, hidden: Iterator[Any]) -> str:
    """Return a text without these values, however they are spelled in it."""
    spelled = {spelling for value in hidden for spelling in (str(value), repr(value)[1:-1]) if spelling}
    for spelling in sorted(spelled, key=len, reverse=True):
        text = text.replace(spelling, MASK)
    return text


class _Schemas:
    """The schemas that apply to one place: branches and references followed."""

    def __init__(self, root: Schema) -> None:
        self._root = root

    def of(self, schema: object, seen: frozenset[str] = frozenset()) -> Iterator[Schema]:
        if not isinstance(schema, Mapping):
            return
        yield schema
        for branch in _BRANCHES:
            for each in schema.get(branch) or ():
                yield from self.of(each, seen)
        reference = schema.get("$ref")
        if isinstance(reference, str) and reference not in seen:
            yield from self.of(self._resolved(reference), seen | {reference})

    def _resolved(self, reference: str) -> object:
        found: object = self._root
        for part in reference.removeprefix("#").strip("/").split("/"):
            name = part.replace("~1", "/").replace("~0", "~")
            found = found.get(name) if isinstance(found, Mapping) else None
        return found


def _marked(schemas: _Schemas, at: list[object], value: Any) -> Any:
    applying = [each for one in at for each in schemas.of(one)]
    if any(each.get("writeOnly") is True for each in applying):
        return value if value is None or _is_reference(value) else {SECRET: value}
    if isinstance(value, dict):
        return {key: _marked(schemas, [_property(each, key) for each in applying], one) for key, one in value.items()}
    if isinstance(value, list):
        return [_marked(schemas, [_item(each, place) for each in applying], one) for place, one in enumerate(value)]
    return value


def _property(schema: Schema, key: str) -> object:
    named = (schema.get("properties") or {}).get(key)
    return schema.get("additionalProperties") if named is None else named


def _item(schema: Schema, place: int) -> object:
    prefix = schema.get("prefixItems") or []
    return prefix[place] if place < len(prefix) else schema.get("items")


def _is_reference(value: object) -> bool:
    return isinstance(value, dict) and value.keys() == {"env"} and isinstance(value["env"], str)


def _is_under(value: object, key: str) -> bool:
    return isinstance(value, dict) and len(value) == 1 and key in value


def _at(value: Any, key: str) -> Iterator[Any]:
    if _is_under(value, key):
        yield value[key]
    elif isinstance(value, dict):
        for one in value.values():
            yield from _at(one, key)
    elif isinstance(value, list):
        for one in value:
            yield from _at(one, key)


def _replaced(value: Any, key: str, change: Callable[[Any], Any]) -> Any:
    if _is_under(value, key):
        return change(value[key])
    if isinstance(value, dict):
        return {name: _replaced(one, key, change) for name, one in value.items()}
    if isinstance(value, list):
        return [_replaced(one, key, change) for one in value]
    return value


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for one in value.values():
            yield from _leaves(one)
    elif isinstance(value, list):
        for one in value:
            yield from _leaves(one)
    elif value is not None and not isinstance(value, bool):
        yield value
