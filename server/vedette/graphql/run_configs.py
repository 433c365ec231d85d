"""Whether a job accepts a run config."""

import importlib
from collections.abc import Iterator
from typing import Any

from vedette.authoring.text import as_json
from vedette.graphql.mutation_errors import InvalidRunConfig
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
            yield f"{where}: {error.message}"[:LONGEST_PROBLEM] if where else error.message[:LONGEST_PROBLEM]


def unstorable(config: Any) -> InvalidRunConfig | None:
    """Return what the database, or the process that is to execute the run, could not hold of a config."""
    try:
        as_json(config)
    except ValueError as error:
        return InvalidRunConfig(message=f"The run config {error}.", path=["runConfig"])
    return None


def refused(job: JobSeen, config: Any, partition_key: str | None = None) -> InvalidRunConfig | None:
    """Return why the job does not accept the config; None where it does, or the code has one for the partition."""
    if config == {} and partition_key is not None and job.spec.partitioned_config:
        return None
    found = sorted(problems(job.spec.config_schema, config))
    if not found:
        return None
    told = "; ".join(found[:MOST_PROBLEMS]) + (" …" if len(found) > MOST_PROBLEMS else "")
    message = f"The job {job.spec.name!r} does not accept the run config: {told}."
    return InvalidRunConfig(message=message, path=["runConfig"])
