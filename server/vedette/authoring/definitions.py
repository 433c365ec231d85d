"""Definitions: all that one code location offers."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, TypeVar

import msgspec

from vedette.authoring.assets.catalog import asset_graph, asset_specs, listed, resolved_jobs, selected_by
from vedette.authoring.assets.definition import AssetChecksDefinition
from vedette.authoring.assets.jobs import UnresolvedAssetJobDefinition
from vedette.authoring.assets.selection import Selected
from vedette.authoring.calling import placed
from vedette.authoring.executors import ExecutorDefinition, check_executor
from vedette.authoring.graphs import GraphDefinition, as_job
from vedette.authoring.jobs import JobDefinition
from vedette.authoring.keywords import known_keywords
from vedette.authoring.resources.registry import ResourceRegistry
from vedette.authoring.sensors import SensorDefinition
from vedette.authoring.text import shown
from vedette.domain.catalog import Catalog, SensorSpec
from vedette.errors import DefinitionError

T = TypeVar("T", JobDefinition, SensorDefinition)


class Definitions:
    """The sensors, jobs and assets of a project. Jobs that a sensor was given as objects need not be listed.

    Raises DefinitionError for two definitions of one name, for a sensor whose job_name no job has, and for a resource
    that something requires and `resources`, by key, do not have.
    """

    @known_keywords("Definitions")
    def __init__(
        self,
        *,
        assets: Iterable[Any] | None = None,
        asset_checks: Iterable[AssetChecksDefinition] | None = None,
        sensors: Iterable[SensorDefinition] | None = None,
        jobs: Iterable[JobDefinition | UnresolvedAssetJobDefinition | GraphDefinition] | None = None,
        resources: Mapping[str, Any] | None = None,
        executor: ExecutorDefinition | None = None,
    ) -> None:
        """Take any iterables; the order is kept."""
        check_executor("Definitions", executor)
        given = {"assets": assets, "asset_checks": asset_checks, "sensors": sensors, "jobs": jobs}
        lists = {name: listed(name, value) for name, value in given.items()}
        # What `merge` puts together.
        self._given = lists
        assets, asset_checks, sensors, jobs = lists.values()
        self.resource_registry = ResourceRegistry(resources)
        self.asset_graph = asset_graph(assets, asset_checks)
        self._sensors: dict[str, SensorDefinition] = _by_name("sensor", "sensors", SensorDefinition, sensors)
        targeted = [job for sensor in self._sensors.values() for job in sensor.jobs]
        unbound: dict[str, JobDefinition] = _by_name(
            "job", "jobs", JobDefinition, resolved_jobs(self.asset_graph, map(as_job, jobs), targeted)
        )
        self._jobs = {name: job.bound_to(self.resource_registry) for name, job in unbound.items()}
        self._selected = {sensor.name: selected_by(sensor, self.asset_graph) for sensor in self.sensors}
        self._watched = {sensor.name: sensor.watched_assets(self.asset_graph) for sensor in self.sensors}
        self._check_targets()
        self._check_resources()

    @staticmethod
    def merge(*definitions: "Definitions") -> "Definitions":
        """Return one with all that several have; raises DefinitionError for two different things of one name."""
        lists: dict[str, dict[int, Any]] = {}
        resources: dict[str, Any] = {}
        for one in definitions:
            if not isinstance(one, Definitions):
                raise DefinitionError(f"Definitions.merge takes Definitions, not {shown(one)}.")
            for name, things in one._given.items():
                lists.setdefault(name, {}).update((id(thing), thing) for thing in things)
            for key, resource in one.resources.items():
                if resources.setdefault(key, resource) is not resource:
                    raise DefinitionError(f'Two of the Definitions have different resources "{key}"; have one of them.')
        options: dict[str, Any] = {name: list(things.values()) for name, things in lists.items()}
        return Definitions(**options, resources=resources)

    def selected_by(self, sensor: SensorDefinition) -> Selected | None:
        """Return the assets and checks that a sensor of these Definitions may ask for; None where it has jobs."""
        return self._selected.get(sensor.name)

    def _check_targets(self) -> None:
        for sensor in self._sensors.values():
            for name in sensor.job_names:
                if name not in self._jobs:
                    raise DefinitionError(
                        f'Sensor "{sensor.name}" asks for runs of job "{name}", which these Definitions do not have'
                        f" ({', '.join(self._jobs) or 'they have none'}); add it to jobs=."
                    )

    def _check_resources(self) -> None:
        for sensor in self._sensors.values():
            owner = f'Sensor "{sensor.name}"'
            with placed(owner, sensor):
                self.resource_registry.check(owner, sensor.required_resource_keys)
                self.resource_registry.check_config_is_given(owner, sensor.required_resource_keys)

    @property
    def resources(self) -> Mapping[str, Any]:
        """Return the resources as they were given, by key."""
        return {key: one.source for key, one in self.resource_registry.by_key.items()}

    @property
    def sensors(self) -> tuple[SensorDefinition, ...]:
        """Return the sensors."""
        return tuple(self._sensors.values())

    @property
    def jobs(self) -> tuple[JobDefinition, ...]:
        """Return the jobs, those of the sensors included."""
        return tuple(self._jobs.values())

    def get_sensor_def(self, name: str) -> SensorDefinition:
        """Return the sensor called `name`; raises DefinitionError if there is none."""
        if (found := self._sensors.get(name)) is None:
            raise DefinitionError(f'There is no sensor "{name}" ({", ".join(self._sensors) or "there are none"}).')
        return found

    def get_job_def(self, name: str) -> JobDefinition:
        """Return the job called `name`; raises DefinitionError if there is none."""
        if (found := self._jobs.get(name)) is None:
            raise DefinitionError(f'There is no job "{name}" ({", ".join(self._jobs) or "there are none"}).')
        return found

    def catalog(self) -> Catalog:
        """Return the definitions as data; raises DefinitionError for config types without a JSON Schema."""
        return self._catalog

    def _sensor_spec(self, sensor: SensorDefinition) -> SensorSpec:
        watched = tuple(key.parts for key in self._watched[sensor.name])
        return msgspec.structs.replace(sensor.spec(self.selected_by(sensor)), watched_assets=watched)

    @cached_property
    def _catalog(self) -> Catalog:
        return Catalog(
            sensors=tuple(map(self._sensor_spec, self.sensors)),
            jobs=tuple(job.spec() for job in self.jobs),
            assets=asset_specs(self.asset_graph, self.jobs),
        )


def _by_name(noun: str, argument: str, kind: type[T], given: Iterable[T] | None) -> dict[str, T]:
    found: dict[str, T] = {}
    for one in listed(argument, given):
        if not isinstance(one, kind):
            raise DefinitionError(f"{argument}= of Definitions holds {shown(one)}, which is no {noun}; use @{noun}.")
        if found.setdefault(one.name, one) is not one:
            raise DefinitionError(
                f'There are two different {noun}s called "{one.name}"; names are unique, so rename one.'
            )
    return found
