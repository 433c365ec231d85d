"""What the function of an op tells of assets while it runs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from vedette.authoring.asset_events import Told
from vedette.authoring.metadata import normalised_metadata
from vedette.authoring.text import shown
from vedette.domain.assets import AssetEvent, AssetKey
from vedette.domain.metadata import Metadata
from vedette.errors import InvalidResult, InvocationError


@dataclass(frozen=True)
class AssetsOfStep:
    """The assets that a step is to make, by output, and its checks; `of_run` are all that its run is to make."""

    keys: dict[str, AssetKey]
    checks: frozenset[tuple[AssetKey, str]] = frozenset()
    of_run: frozenset[AssetKey] = frozenset()

    def key(self, output_name: str | None = None) -> AssetKey:
        """Return the key of an output, of the only one unless named; raises InvocationError."""
        if output_name is None and len(self.keys) == 1:
            return next(iter(self.keys.values()))
        if output_name is None or output_name not in self.keys:
            raise InvocationError(f"Name one of the outputs of the step: {', '.join(self.keys) or 'it has none'}.")
        return self.keys[output_name]

    def output(self, key: AssetKey) -> str:
        """Return the output that is the asset `key`; raises InvocationError."""
        for name, one in self.keys.items():
            if one == key:
                return name
        there = ", ".join(one.to_user_string() for one in self.keys.values()) or "none"
        raise InvocationError(f'The step does not make "{key.to_user_string()}" in this run; it makes {there}.')


@dataclass
class Telling:
    """Takes what an op tells: events go to `send` at once, metadata waits for its output.

    `outputs` are the names of the op's outputs; None where they do not matter.
    """

    send: Callable[[AssetEvent], None] = lambda _: None
    outputs: tuple[str, ...] | None = None
    of_step: AssetsOfStep | None = None
    metadata: dict[str, Metadata] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)

    def assets(self) -> AssetsOfStep:
        """Return the assets of the step; raises InvocationError where it makes none."""
        if self.of_step is None:
            raise InvocationError("This op makes no assets; use @asset for one that does.")
        return self.of_step

    def tell(self, event: object) -> None:
        """Send an event; raises InvalidResult for what is none."""
        if not isinstance(event, Told):
            raise InvalidResult(
                f"{shown(event)} is no event of an asset; it may be AssetMaterialization, AssetObservation or"
                " AssetCheckEvaluation."
            )
        self.told.append(event)
        self.send(event.as_event())

    def add_metadata(self, metadata: Mapping[str, Any], output_name: str | None) -> None:
        """Keep metadata for an output, of the only one unless named; raises InvalidResult."""
        names = self.outputs
        if output_name is None and names is not None:
            if len(names) != 1:
                raise InvalidResult(f"Name the output that the metadata is of: output_name= one of {', '.join(names)}.")
            output_name = names[0]
        if names is not None and output_name not in names:
            raise InvalidResult(f'There is no output "{output_name}" to add metadata to ({", ".join(names)}).')
        kept = self.metadata.setdefault(output_name or "result", {})
        kept |= normalised_metadata(metadata)
