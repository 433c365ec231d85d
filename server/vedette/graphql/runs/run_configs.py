"""Whether a job accepts a run config."""

import importlib
from collections.abc import Iterator
from typing import Any

from vedette.access.sealing import NoSecretKey, Sealer
from vedette.authoring.text import as_json
from vedette.domain import secrets
from vedette.graphql.mutations.mutation_errors import InvalidRunConfig
from vedette.storage.catalog.jobs import JobSeen

# How much of what is wrong with a config is told.
MOST_PROBLEMS = 10
LONGEST_PROBLEM = 300


def problems(schema: dict[str, Any] | None, config: Any) -> Iterator[str]:
    """Yield what `schema` (JSON Schema 2020-12; None takes any object) finds wrong with a run config."""
    if not isinstance(config, dict):
        yield "the run config is not an object"
    elif schema is not None:
        # Imported when the first config is looked at: that takes a tenth of a start's time, and few servers launch.
        jsonschema, referencing = map(importlib.import_module, ("jsonschema", "referencing"))
        # Schemas come from user code: references stay within them, nothing is fetched.
        validator = jsonschema.Draft202012Validator(schema, registry=referencing.Registry())
        for error in validator.iter_errors(config):
            where = ".".join(str(part) for part in error.absolute_path)
            yield f"{where}: {error.message}" if where else error.message


def sealed(job: JobSeen, config: Any, sealer: Sealer) -> Any | InvalidRunConfig:
    """Return a run config that the job accepts as it may be stored: its secrets sealed."""
    try:
        return secrets.sealed(secrets.marked(job.spec.config_schema, config), sealer.seal)
    except NoSecretKey as error:
        return InvalidRunConfig(message=str(error), path=["runConfig"])


def opened(config: Any, sealer: Sealer) -> Any | InvalidRunConfig:
    """Return a stored run config with its secrets as they are."""
    try:
        return secrets.opened(config, sealer.open)
    except NoSecretKey as error:
        return InvalidRunConfig(message=str(error), path=["runId"])


def shown(job: JobSeen, config: Any) -> Any:
    """Return a run config as people may see it."""
    return secrets.masked(secrets.marked(job.spec.config_schema, config))


def unstorable(config: Any) -> InvalidRunConfig | None:
    """Return what the database, or the process that is to execute the run, could not hold of a config."""
    try:
        as_json(config)
    except ValueError as error:
        return InvalidRunConfig(message=f"The run config {error}.", path=["runConfig"])
    if secrets.holds(config, secrets.SEALED) or secrets.holds(config, secrets.SECRET):
        message = f"{secrets.SEALED!r} and {secrets.SECRET!r} are keys of Vedette's own; choose others."
        return InvalidRunConfig(message=message, path=["runConfig"])
    return None


def refused(job: JobSeen, config: Any, partition_key: str | None = None) -> InvalidRunConfig | None:
    """Return why the job does not accept the config; None where it does, or the code has one for the partition."""
    if config == {} and partition_key is not None and job.spec.partitioned_config:
        return None
    hidden = list(secrets.values(secrets.marked(job.spec.config_schema, config)))
    if secrets.MASK in hidden:
        message = f"The run config holds {secrets.MASK} where a secret is hidden: give its value anew, or run it again."
        return InvalidRunConfig(message=message, path=["runConfig"])
    found = sorted(secrets.redacted(one, iter(hidden)) for one in problems(job.spec.config_schema, config))
    if not found:
        return None
    told = "; ".join(one[:LONGEST_PROBLEM] for one in found[:MOST_PROBLEMS]) + (
        " …" if len(found) > MOST_PROBLEMS else ""
    )
    message = f"The job {job.spec.name!r} does not accept the run config: {told}."
    return InvalidRunConfig(message=message, path=["runConfig"])
