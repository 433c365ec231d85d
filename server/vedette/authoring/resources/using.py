"""What contexts have in common: their resources, handed in by the framework or, in a test, given as definitions."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self

from vedette.authoring import in_process
from vedette.authoring.resources.configurable import definition_of
from vedette.authoring.resources.registry import ResourceRegistry
from vedette.authoring.resources.scoped import Resources
from vedette.errors import InvocationError


class UsesResources:
    """Base of contexts that have `resources`. In a test they are built when first asked for, or by `with`."""

    __slots__ = ("_built", "_close", "_entered", "_owner", "_registry", "_wanted")

    def __init__(self, owner: str, registry: ResourceRegistry | None = None, wanted: frozenset[str] = frozenset()):
        """Take what a test has given, and which keys of it are wanted."""
        self._owner = owner
        self._registry = registry or _NONE
        self._wanted = wanted
        self._built: Resources | None = None
        self._close: Callable[[], None] | None = None
        self._entered = False

    @property
    def resources(self) -> Resources:
        """Return the resources. Raises InvocationError where they are torn down, and this is outside of a `with`."""
        if self._built is None:
            self._built = self._opened()
        return self._built

    def provide(self, resources: Resources) -> None:
        """Take built resources (for the framework)."""
        self._built = resources

    def add_resources(self, owner: str, others: Mapping[str, Any], wanted: frozenset[str]) -> None:
        """Take more resources, and want those of `wanted`. Raises InvocationError for one that is given twice."""
        for key in others:
            if key in self._registry.by_key:
                raise InvocationError(
                    f'{owner} is given the resource "{key}" twice, as a keyword and with its context: leave one out.'
                )
        self._owner = owner
        if others or not wanted <= self._wanted:
            self._registry = self._registry.merged(others)
            self._wanted |= wanted
            self._leave()

    def _opened(self) -> Resources:
        resources, close = in_process.engine().open_resources(self._registry, self._wanted, self._owner)
        if close is not None and not self._entered:
            close()
            raise InvocationError(
                f"{self._owner} uses a resource that is torn down after use: write `with build_…_context(…) as"
                " context:` around the call."
            )
        self._close = close
        return resources

    def _leave(self) -> None:
        self._built = None
        close, self._close = self._close, None
        if close is not None:
            close()

    def __enter__(self) -> Self:
        """Begin to hold resources that are to be torn down."""
        self._entered = True
        return self

    def __exit__(self, *_: object) -> None:
        """Tear the resources down."""
        self._entered = False
        self._leave()


_NONE = ResourceRegistry()


@contextlib.contextmanager
def build_resources(
    resources: Mapping[str, Any], instance: Any = None, resource_config: Mapping[str, Any] | None = None
) -> Iterator[Resources]:
    """Build resources in a test and tear them down at the end of the block.

    `resource_config` holds the config of some by key, as `{"config": {…}}`. Raises InvalidConfig, DefinitionError.
    """
    given = {key: _with_config(key, value, resource_config or {}) for key, value in resources.items()}
    registry = ResourceRegistry(given)
    built, close = in_process.engine().open_resources(registry, frozenset(given), "The test")
    try:
        yield built
    finally:
        if close is not None:
            close()


def _with_config(key: str, value: Any, configs: Mapping[str, Any]) -> Any:
    if key not in configs:
        return value
    definition = definition_of(value)
    return definition.configured(configs[key].get("config", {}))
