"""The resources of one evaluation or run: what it needs is built before user code begins, and torn down after it."""

import logging
from collections.abc import Mapping
from typing import Any, Protocol

from vedette.authoring.logs import Sink
from vedette.authoring.resources.definition import ResourceDefinition
from vedette.authoring.resources.init_context import InitResourceContext
from vedette.authoring.resources.registry import ResourceRegistry
from vedette.authoring.resources.scoped import Resources
from vedette.execution.resource_building import Built, build, tear_down
from vedette.execution.resource_drivers import Driver


class SharedResources(Protocol):
    """Resources that outlive the scopes that use them."""

    async def value(self, scope: "ResourceScope", definition: ResourceDefinition, driver: Driver) -> Any:
        """Return the one that there is in this process; build it if there is none."""


class ResourceScope:
    """Builds what `keys` of `registry` need, once. Without `shared`, resources of any lifetime end with the scope.

    `configs` are the config values of resources by key, EnvVars unread.
    """

    def __init__(
        self,
        registry: ResourceRegistry,
        keys: frozenset[str],
        owner: str,
        sink: Sink,
        *,
        configs: Mapping[str, Any] | None = None,
        run_id: str | None = None,
        shared: SharedResources | None = None,
    ) -> None:
        """Prepare a scope for `owner`, as in `Sensor "inbox"`; log lines of resources go to `sink`."""
        self.registry = registry
        self._keys = keys
        self._owner = owner
        self._sink = sink
        self._configs = configs or {}
        self._run_id = run_id
        self._shared = shared
        self._built: list[Built] = []

    @property
    def holds_something(self) -> bool:
        """Tell whether something is to be torn down."""
        return any(one.exit is not None for one in self._built)

    async def open(self, driver: Driver) -> Resources:
        """Build everything; where that fails, tear down what was built, and raise."""
        self.registry.check(self._owner, self._keys)
        values: dict[int, Any] = {}
        try:
            for definition in self.registry.plan(self._keys):
                values[id(definition)] = await self._value(definition, values, driver)
        except BaseException:
            await self.close(driver)
            raise
        return Resources({key: values[id(self.registry.by_key[key])] for key in sorted(self._keys)}, self._owner)

    async def _value(self, definition: ResourceDefinition, values: Mapping[int, Any], driver: Driver) -> Any:
        if self._shared is not None and definition.lifetime == "process":
            return await self._shared.value(self, definition, driver)
        needed = self.registry.dependencies(definition)
        built = await self.build(definition, {key: values[id(one)] for key, one in needed.items()}, driver)
        self._built.append(built)
        return built.value

    async def build(self, definition: ResourceDefinition, needed: Mapping[str, Any], driver: Driver) -> Built:
        """Build one from the values that it needs; to tear it down is the caller's."""
        label = self.registry.label(definition)
        config = self._configs.get(label)
        if config is None and definition.config_type is not None and definition.config_type.has_default:
            config = definition.config_type.default_value()
        resources = Resources(needed, f'Resource "{label}"')
        return await build(definition, label, InitResourceContext(config, resources, self._run_id, self._sink), driver)

    async def close(self, driver: Driver) -> Exception | None:
        """Tear everything down, last built first; return what was raised first, and log what else is."""
        first: Exception | None = None
        while self._built:
            error = await tear_down(self._built.pop(), driver)
            if first is None:
                first = error
            elif error is not None:
                _LOGGER.error("A resource could not be torn down.", exc_info=error)
        return first


_LOGGER = logging.getLogger("resource")
