"""All resources of some Definitions: what each requires, in which order they are built, and what is missing."""

from collections.abc import Iterable, Mapping
from typing import Any

from vedette.authoring.config_schema import ConfigType
from vedette.authoring.resources.configurable import definition_of
from vedette.authoring.resources.definition import ResourceDefinition, checked_keys
from vedette.authoring.text import shown
from vedette.errors import DefinitionError


class ResourceRegistry:
    """Resources by key. Two keys, or a key and a field, that were given one object share what is built of it."""

    def __init__(self, resources: Mapping[str, Any] | None = None) -> None:
        """Take definitions, instances of resource classes, or any other objects; raises DefinitionError."""
        if resources is not None and not isinstance(resources, Mapping):
            raise DefinitionError(f"resources= takes a mapping of key to resource, not {shown(resources)}.")
        checked_keys("resources=", list(resources or {}))
        self._by_source: dict[int, ResourceDefinition] = {}
        self.by_key = {key: self._definition(value) for key, value in (resources or {}).items()}
        self._labels = {id(one): key for key, one in reversed(self.by_key.items())}
        self._plans: dict[frozenset[str], tuple[ResourceDefinition, ...]] = {}
        for one in self.by_key.values():
            self._check_lifetime(one)

    def _definition(self, value: Any) -> ResourceDefinition:
        found = definition_of(value)
        return self._by_source.setdefault(id(found.source), found)

    def merged(self, others: Mapping[str, Any] | None) -> "ResourceRegistry":
        """Return these with `others` in addition, or in place of those of the same keys."""
        return ResourceRegistry({**self.by_key, **others}) if others else self

    def label(self, definition: ResourceDefinition) -> str:
        """Return what to call a resource: its key, or its class where it is in a field only."""
        return self._labels.get(id(definition), definition.name)

    def dependencies(self, definition: ResourceDefinition) -> dict[str, ResourceDefinition]:
        """Return what `definition` is built from, by the name under which it gets it."""
        nested = {name: self._same(one) for name, one in definition.nested.items()}
        return nested | {key: self.by_key[key] for key in definition.required_resource_keys if key in self.by_key}

    def _same(self, nested: ResourceDefinition) -> ResourceDefinition:
        return self._by_source.get(id(nested.source), nested)

    def plan(self, keys: frozenset[str]) -> tuple[ResourceDefinition, ...]:
        """Return what is to be built for `keys`, in an order in which each comes after what it is built from.

        Raises DefinitionError for resources that require one another.
        """
        if (found := self._plans.get(keys)) is None:
            order: dict[int, ResourceDefinition] = {}
            for key in sorted(keys):
                self._visit(self.by_key[key], order, [])
            found = self._plans[keys] = tuple(order.values())
        return found

    def _visit(
        self, definition: ResourceDefinition, order: dict[int, ResourceDefinition], path: list[ResourceDefinition]
    ) -> None:
        if definition in path:
            circle = " → ".join(self.label(one) for one in [*path[path.index(definition) :], definition])
            raise DefinitionError(f"These resources require one another, so that none can be built first: {circle}.")
        if id(definition) in order:
            return
        for one in self.dependencies(definition).values():
            self._visit(one, order, [*path, definition])
        order[id(definition)] = definition

    def config_types(self, keys: frozenset[str]) -> dict[str, ConfigType]:
        """Return, by key, the config of those resources that a run may configure, for what `keys` need and is known."""
        needed = self.plan(frozenset(keys & self.by_key.keys()))
        types = {self.label(one): one.config_type for one in needed}
        return {key: kind for key, kind in types.items() if kind is not None and key in self.by_key}

    def check(self, owner: str, keys: Iterable[str]) -> None:
        """Raise DefinitionError that names the first of `keys` which is missing, for `owner` or what it requires."""
        for key in sorted(keys):
            if key not in self.by_key:
                raise DefinitionError(self._missing(owner, key))
        for definition in self.plan(frozenset(keys)):
            for key in sorted(definition.required_resource_keys - self.by_key.keys()):
                raise DefinitionError(self._missing(f'Resource "{self.label(definition)}", which {owner} uses,', key))
            if definition.is_nested_partial(self.by_key.values()):
                raise DefinitionError(
                    f'Resource "{definition.name}", in a field of another that {owner} uses, is configured at launch:'
                    " give it a key of its own in resources=, too, where its config comes under."
                )

    def _missing(self, owner: str, key: str) -> str:
        there = ", ".join(self.by_key) or "there are none"
        return f'{owner} needs the resource "{key}", which was not provided ({there}); add it to resources=.'

    def check_config_is_given(self, owner: str, keys: frozenset[str]) -> None:
        """Raise DefinitionError where one of `keys` needs config that only a run can have."""
        for definition in self.plan(keys):
            if definition.config_type is not None and not definition.config_type.has_default:
                raise DefinitionError(
                    f'{owner} needs the resource "{self.label(definition)}", whose config is to come from a run config,'
                    " and it has none: give the resource its config where it is defined, or a default."
                )

    def _check_lifetime(self, definition: ResourceDefinition) -> None:
        if definition.lifetime == "process":
            for one in self.dependencies(definition).values():
                if one.lifetime != "process" and not one.is_plain:
                    raise DefinitionError(
                        f'Resource "{self.label(definition)}" lives as long as its process, but is built from'
                        f' "{self.label(one)}", which each execution gets anew: give that lifetime="process", too.'
                    )
