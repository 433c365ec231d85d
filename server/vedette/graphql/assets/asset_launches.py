"""Runs of some assets: which job they are of, and what of that job they are."""

from collections.abc import Sequence
from typing import Any

import msgspec

from vedette.domain.assets import Path
from vedette.domain.catalog import ASSET_JOB, AssetSpec, JobSpec
from vedette.domain.partitions import Partitions
from vedette.graphql.mutations.mutation_errors import InvalidInput, MutationError
from vedette.storage.assets import asset_lists
from vedette.storage.catalog import jobs
from vedette.storage.catalog.jobs import JobSeen

MOST_ASSETS = 10_000


async def job_of_assets(connection: Any, keys: Sequence[Path]) -> JobSeen | MutationError:
    """Return the job of all assets of the one code location that can make these."""
    defined = await asset_lists.definitions(connection, keys)
    makers: dict[Path, set[str]] = {key: set() for key in keys}
    for spec, location in defined:
        if spec.executable and location is not None:
            makers[spec.key].add(location)
    for key in keys:
        if not makers[key]:
            what = "can be watched only" if any(seen.spec.key == key for seen in defined) else "does not exist"
            return _wrong(f"The asset {_named(key)} {what}; `assets(filter: {{isExecutable: true}})` lists the others.")
    common = set.intersection(*makers.values())
    if len(common) != 1:
        why = "No code location makes all of them" if not common else "Several code locations make them"
        return _wrong(f"{why}; name the job by `jobId`, or launch a run for each code location.")
    [location] = common
    return (await jobs.by_name(connection, ASSET_JOB, location))[0]


async def part_of(connection: Any, job: JobSeen, keys: Sequence[Path]) -> JobSeen | MutationError:
    """Return a job as it is for a run of some of its assets: with their partitions, and the config of their ops."""
    if not keys:
        return _wrong("`assetSelection` is empty; leave it out for all assets of the job.")
    if len(keys) > MOST_ASSETS:
        return _wrong(f"{len(keys)} assets are too many for one run; {MOST_ASSETS} is the most.")
    defined = await asset_lists.definitions(connection, keys)
    mine = {spec.key: spec for spec, location in defined if location == job.code_location}
    for key in keys:
        if key not in mine or job.spec.name not in mine[key].jobs:
            return _wrong(f"The job {job.spec.name!r} does not make the asset {_named(key)}; `job.assets` are those.")
    steps = {spec.op_name for spec in mine.values() if spec.op_name is not None}
    for spec in await asset_lists.of_steps(connection, job.code_location, sorted(steps)):
        if not spec.can_subset and spec.key not in mine:
            beside = next(one.key for one in mine.values() if one.op_name == spec.op_name)
            return _wrong(f"The asset {_named(beside)} is made together with {_named(spec.key)} only; select both.")
    divided = _partitions(mine.values())
    if len(divided) > 1:
        return _wrong("The assets have different partitions; launch a run for each kind.")
    partitions = divided[0] if divided else None
    schema = _schema_of(job.spec, steps)
    return job._replace(spec=msgspec.structs.replace(job.spec, partitions=partitions, config_schema=schema))


def _partitions(specs: Any) -> list[Partitions]:
    found: list[Partitions] = []
    for spec in specs:
        assert isinstance(spec, AssetSpec)
        if spec.partitions is not None and spec.partitions not in found:
            found.append(spec.partitions)
    return found


def _schema_of(job: JobSpec, steps: set[str]) -> dict[str, Any] | None:
    """Return the schema of the run config for a run of these steps alone."""
    schema = job.config_schema or {}
    name = schema.get("properties", {}).get("ops", {}).get("$ref", "").rpartition("/")[2]
    ops = schema.get("$defs", {}).get(name)
    if ops is None:
        return job.config_schema
    kept = [step for step in ops.get("required", ()) if step in steps]
    mine = {step: value for step, value in ops["properties"].items() if step in steps}
    part = ops | {"properties": mine, "required": kept}
    required = [each for each in schema.get("required", ()) if each != "ops" or kept]
    return schema | {"$defs": schema["$defs"] | {name: part}, "required": required}


def _named(key: Path) -> str:
    return repr("/".join(key))


def _wrong(message: str) -> InvalidInput:
    return InvalidInput(message=message, path=["assetSelection"])
