"""What the step that makes an asset, or checks one, has in common with ops."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from vedette.authoring.hooks import HookDefinition
from vedette.authoring.ops import OpDefinition, Out
from vedette.authoring.retries import RetryPolicy
from vedette.authoring.text import shown
from vedette.errors import DefinitionError


@dataclass(frozen=True)
class StepOptions:
    """Config, resources, retries, hooks and tags of a step, as its decorator was given them."""

    config_schema: Any = None
    required_resource_keys: Iterable[str] | None = None
    resource_defs: Mapping[str, Any] | None = None
    retry_policy: RetryPolicy | None = None
    hooks: Iterable[HookDefinition] | None = None
    op_tags: Mapping[str, Any] | None = None
    io_manager_def: Any = None
    resources: dict[str, Any] = field(default_factory=dict, init=False)

    def op(
        self, function: Callable[..., Any], name: str, description: str | None, out: Mapping[str, Out]
    ) -> OpDefinition:
        """Return the op of the step; raises DefinitionError."""
        if self.resource_defs is not None and not isinstance(self.resource_defs, Mapping):
            raise DefinitionError(f'resource_defs of "{name}" is a mapping of key to resource.')
        self.resources.update(self.resource_defs or {})
        made = OpDefinition(
            function,
            name=name,
            description=description,
            out=dict(out),
            config_schema=self.config_schema,
            required_resource_keys=self.required_resource_keys,
            retry_policy=self.retry_policy,
            tags=self.op_tags,
        )
        return made.with_hooks(self.hooks) if self.hooks else made

    def io_manager_key(self, name: str, key: str | None) -> str | None:
        """Return under which key the IO manager of the step `name` is found: the one it was given, or that of `key`."""
        if self.io_manager_def is None:
            return key
        if key is not None:
            raise DefinitionError(f'Asset "{name}" takes io_manager_def or io_manager_key, one of the two.')
        own = f"{name}__io_manager"
        self.resources[own] = self.io_manager_def
        return own


def resources_of(steps: Iterable[tuple[str, Mapping[str, Any]]]) -> dict[str, Any]:
    """Return the resources that steps bring along; raises DefinitionError where two differ under one key."""
    found: dict[str, tuple[str, Any]] = {}
    for name, resources in steps:
        for key, value in resources.items():
            other, known = found.setdefault(key, (name, value))
            if known is not value:
                raise DefinitionError(
                    f'"{name}" and "{other}" bring different resources "{key}" along ({shown(known)}, {shown(value)});'
                    " put one into resources= of Definitions, or give them keys of their own."
                )
    return {key: value for key, (_, value) in found.items()}
