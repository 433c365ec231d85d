"""The part of an op's context that is about assets."""

from collections.abc import Mapping
from typing import Any

from vedette.authoring.asset_events import AssetCheckKey, Told
from vedette.authoring.telling import AssetsOfStep, Telling
from vedette.domain.assets import AssetKey, CoercibleToAssetKey


class AssetContext:
    """What an op knows of the assets that it makes, and tells of them."""

    _telling: Telling

    @property
    def _assets(self) -> AssetsOfStep:
        return self._telling.assets()

    @property
    def asset_key(self) -> AssetKey:
        """Return the key of the one asset that the step makes; raises InvocationError where there is not one."""
        return self._assets.key()

    @property
    def selected_asset_keys(self) -> set[AssetKey]:
        """Return the keys of the assets that this run is to make, of those that the step can."""
        return set(self._assets.keys.values())

    @property
    def selected_output_names(self) -> set[str]:
        """Return the outputs that this run is to make, of those that the step has."""
        return set(self._assets.keys)

    @property
    def selected_asset_check_keys(self) -> set[AssetCheckKey]:
        """Return the checks that this run is to make, of those that the step can."""
        return {AssetCheckKey(key, name) for key, name in self._assets.checks}

    def asset_key_for_output(self, output_name: str = "result") -> AssetKey:
        """Return the key of the asset that is this output; raises InvocationError if there is none."""
        return self._assets.key(output_name)

    def run_makes(self, asset_key: CoercibleToAssetKey) -> bool:
        """Tell whether this run is to make an asset: a check of one that it makes comes after that."""
        of_step = self._telling.of_step
        return of_step is not None and AssetKey.from_coercible(asset_key) in of_step.of_run

    def add_output_metadata(self, metadata: Mapping[str, Any], output_name: str | None = None) -> None:
        """Add to the metadata of an output's materialization: of the one output, unless named. Raises InvalidResult."""
        self._telling.add_metadata(metadata, output_name)

    def add_asset_metadata(self, metadata: Mapping[str, Any], asset_key: CoercibleToAssetKey | None = None) -> None:
        """Add to the metadata of an asset's materialization: of the one asset, unless named. Raises InvalidResult."""
        output = None if asset_key is None else self._assets.output(AssetKey.from_coercible(asset_key))
        self._telling.add_metadata(metadata, output)

    def log_event(self, event: Told) -> None:
        """Tell that an asset was produced, looked at or checked; at once. Raises InvalidResult for anything else."""
        self._telling.tell(event)
